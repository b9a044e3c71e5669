"""E3: kill -9 between any two operations. What was confirmed to the caller is there; numbers have no hole, no double."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from redwhistle.contracts.ids import Lane
from tests.unit.edge_outbox.making import open_outbox, seqs, take_all, values

CHILD = """
import sys
from pathlib import Path
from redwhistle.contracts.ids import Lane
from tests.unit.edge_outbox.making import open_outbox, reading, smoke, take
outbox = open_outbox(Path(sys.argv[1]))
print("ready", flush=True)
value = int(sys.argv[2])
while True:
    key = outbox.put_event(smoke(level=float(value)))
    print("alarm", key.seq, value, flush=True)
    for _ in range(7):
        value += 1
        outbox.put_reading(reading(value))
    outbox.flush()
    print("flushed", value, flush=True)
    if value % 5 == 0:
        take(outbox, Lane.TELEMETRY)
        outbox.tend()
"""


@pytest.mark.faults
def test_nothing_confirmed_is_lost_when_the_agent_is_killed(tmp_path: Path) -> None:
    rng = random.Random(7)
    alarms: dict[int, int] = {}
    flushed: set[int] = set()
    value = 0
    for _ in range(12):
        before = value
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path), str(value)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        lines = [child.stdout.readline() for _ in range(rng.randrange(1, 60))]
        child.send_signal(signal.SIGKILL)
        lines += [line for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        child.stdout.close()
        child.wait()
        for line in lines:
            words = line.split()
            if words[0] == "alarm":
                alarms[int(words[1])] = int(words[2])
            else:
                flushed |= set(range(before + 1, int(words[1]) + 1))
        value = (
            max([*flushed, *alarms.values(), value]) + 100
        )  # values of a killed round are never used again
        before = value
    outbox = open_outbox(tmp_path)
    assert outbox.take_findings() == []
    kept = {event.seq: event.data["level"] for e in take_all(outbox, Lane.ALARM) for event in e.events}
    assert sorted(kept) == list(range(1, len(kept) + 1))
    assert {seq: kept[seq] for seq in alarms} == alarms
    telemetry = take_all(outbox, Lane.TELEMETRY)
    assert seqs(telemetry) == list(range(1, len(seqs(telemetry)) + 1))
    confirmed = {v for v in flushed if v in set(values(telemetry).values())}
    assert json.dumps(sorted(confirmed)) == json.dumps(sorted(flushed))
    outbox.close()
