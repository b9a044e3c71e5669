"""Child of the latency benchmark: telemetry at a steady pace, by an absolute clock, until it is told to stop.

Task: host, port, sites, boxes, rows_per_s, seconds. Each box sends one envelope a second, the boxes spread over it.
Answer: rows (sent and acknowledged by the server), seconds, late_ms (the worst delay behind the clock).
"""

import sys
from dataclasses import dataclass

from bench.child import await_go, give_answer, read_task
from bench.ingest import interleave
from bench.traffic import WindowedSender, make_parcels


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be sent."""

    host: str
    port: int
    sites: list[str]
    boxes: int
    rows_per_s: int
    seconds: int


def main() -> int:
    """Make everything, say ready, send."""
    task = Task(**read_task())
    per_envelope = max(1, task.rows_per_s // task.boxes)
    parcels = interleave(
        [
            make_parcels(
                task.sites[i % len(task.sites)],
                f"background-{i}",
                rows=per_envelope * task.seconds,
                per_envelope=per_envelope,
            )
            for i in range(task.boxes)
        ]
    )
    with WindowedSender(task.host, task.port, window=10 * task.boxes) as sender:
        sender.send(parcels[: task.boxes], timeout_s=60)  # every box known before it counts
        await_go()
        sent = sender.send_paced(parcels[task.boxes :], rows_per_s=task.rows_per_s, timeout_s=60)
    give_answer({"rows": sent.rows, "seconds": sent.seconds, "late_ms": round(sent.late_s * 1000, 1)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
