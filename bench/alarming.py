"""Child of the latency benchmark: boxes with the real outbox and uplink, whose call buttons are pressed at random moments.

Task: folder, host, port, boxes (each with its site and its buttons: device and place), alarms_per_s, seed.
Answer: committed_ns, by place: when the outbox had committed the alarm, on the machine's monotonic clock.
"""

import random
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.child import await_go, give_answer, read_task
from bench.servers.waiting import wait_for
from edge.agent.moments import BoxClock, read_boot_id
from edge.agent.observation import EventSeen
from edge.agent.outbox.machine import read_fingerprint
from edge.agent.outbox.sqlite import SqliteOutbox
from edge.agent.ports import Finding
from edge.agent.tending import Tender
from edge.agent.uplink.broker_settings import BrokerSettings
from edge.agent.uplink.connection import MqttConnection
from edge.agent.uplink.link import LinkState
from edge.agent.uplink.sender import Uplink
from redwhistle import __version__
from redwhistle.clock import SystemClock
from redwhistle.contracts.events import EventKind, SosData
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.state import BoxState, DeviceInfo, DeviceKind
from redwhistle.logs import LogFormat, LogLevel, configure_logs


@dataclass(frozen=True, slots=True)
class Button:
    """A call button and the place where it hangs."""

    device: str
    place: str


class PressedBox:
    """One box's outbox and uplink, as `edge.wiring` puts them together."""

    def __init__(
        self, folder: Path, broker: BrokerSettings, site: str, box: str, buttons: Sequence[Button]
    ) -> None:
        self._clock = BoxClock(SystemClock(), read_boot_id(), lambda: True)
        self._site, self._box, self._buttons = site, box, buttons
        self.committed_ns: dict[str, int] = {}
        self._pressing: Button | None = None
        self.outbox = SqliteOutbox(
            folder / f"{box}.db", site=site, box=box, clock=self._clock, fingerprint=read_fingerprint()
        )
        self.uplink = Uplink(
            self.outbox,
            lambda emit: MqttConnection(broker, site, box, emit),
            self._clock,
            self._describe_state,
            lambda _payload, _retained: None,
        )
        self._tender = Tender(self.outbox, _refuse)
        self.outbox.on_commit(self._on_commit)

    def start(self) -> None:
        """Connect in the background."""
        self._tender.start()
        self.uplink.start()

    def stop(self) -> None:
        """Say goodbye and close."""
        self._tender.stop(1)
        self.uplink.stop(5)
        self.outbox.close()

    def press(self, button: Button) -> None:
        """Keep an alarm; when this returns it is on disk, and the uplink knows."""
        self._pressing = button
        self.outbox.put_event(
            EventSeen(button.device, EventKind.SOS, SosData(), self._clock.moment(), place=button.place)
        )

    def _on_commit(self, lane: Lane) -> None:
        """Between the commit and the uplink's waking: here the measurement begins."""
        if lane is Lane.ALARM and self._pressing is not None:
            self.committed_ns[self._pressing.place] = time.monotonic_ns()
        self.uplink(lane)

    def _describe_state(self, online: bool, reason: str | None) -> BoxState:
        return BoxState(
            site=self._site,
            box=self._box,
            online=online,
            epoch=self.outbox.epoch,
            stamp=self._clock.stamp(),
            version=__version__,
            reason=reason,
            devices=[DeviceInfo(id=b.device, kind=DeviceKind.SOS, place=b.place) for b in self._buttons],
        )


def main() -> int:
    """Connect, say ready, press every button once, wait until the server has all."""
    configure_logs(LogFormat.CONSOLE, LogLevel.WARNING)
    task = read_task()
    broker = BrokerSettings(host=task["host"], port=task["port"])
    with ExitStack() as stack:
        boxes = [_open(stack, Path(task["folder"]), broker, told) for told in task["boxes"]]
        wait_for(
            lambda: all(box.uplink.state is LinkState.CONNECTED for box, _ in boxes),
            timeout_s=20,
            what="all boxes are connected",
        )
        presses = [(box, button) for box, buttons in boxes for button in buttons]
        chance = random.Random(task["seed"])
        chance.shuffle(presses)
        await_go()
        _press_all(presses, chance, task["alarms_per_s"])
        wait_for(
            lambda: not any(box.outbox.pending(Lane.ALARM) for box, _ in boxes),
            timeout_s=60,
            what="the server has all alarms",
        )
    give_answer({"committed_ns": {p: ns for box, _ in boxes for p, ns in box.committed_ns.items()}})
    return 0


def _open(
    stack: ExitStack, folder: Path, broker: BrokerSettings, told: dict[str, Any]
) -> tuple[PressedBox, list[Button]]:
    buttons = [Button(**b) for b in told["buttons"]]
    box = PressedBox(folder, broker, told["site"], told["box"], buttons)
    box.start()
    stack.callback(box.stop)
    return box, buttons


def _press_all(
    presses: Sequence[tuple[PressedBox, Button]], chance: random.Random, alarms_per_s: float
) -> None:
    """At moments without memory, as calls come: exponential waits against an absolute clock."""
    due_s = time.monotonic()
    for box, button in presses:
        due_s += chance.expovariate(alarms_per_s)
        time.sleep(max(0.0, due_s - time.monotonic()))
        box.press(button)


def _refuse(finding: Finding) -> None:
    raise RuntimeError(f"the outbox found {finding.code}: {finding.why}")


if __name__ == "__main__":
    sys.exit(main())
