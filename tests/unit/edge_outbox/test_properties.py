"""Whatever happens in whatever order: nothing lost, no number twice, in order, no alarm dropped."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.agent.outbox.envelopes import seqs_of
from edge.agent.outbox.limits import Limits
from redwhistle.contracts.codec import decode_envelope, encode
from redwhistle.contracts.envelope import Envelope, Rejection
from redwhistle.contracts.ids import Lane
from tests.unit.edge_outbox.making import ack, gate_opened, open_outbox, reading, smoke, take

LIMITS = Limits(max_rows=60, reserve_bytes=4096)
EXERCISES = st.sampled_from([None, "drill-1"])


class OutboxMachine(RuleBasedStateMachine):
    """A server that remembers what it got, and a model of what was put in."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.outbox = open_outbox(Path(self.folder.name), LIMITS)
        self.now_ms = 0
        self.alarms_put = 0
        self.readings_put: list[float] = []
        self.telemetry_events_put = 0
        self.items: dict[tuple[Lane, int], str] = {}
        """Each item's text as the server first saw it."""
        self.held: dict[Lane, set[int]] = {Lane.ALARM: set(), Lane.TELEMETRY: set()}
        """What the server has."""
        self.set_aside: set[tuple[Lane, int]] = set()
        self.on_the_way: list[Envelope] = []

    @rule(exercise=EXERCISES)
    def put_alarm(self, exercise: str | None) -> None:
        assert self.outbox.put_event(smoke(exercise=exercise)).seq > self.alarms_put
        self.alarms_put += 1

    @rule(exercise=EXERCISES, count=st.integers(1, 30))
    def put_readings(self, exercise: str | None, count: int) -> None:
        for _ in range(count):
            value = float(len(self.readings_put))
            self.readings_put.append(value)
            self.outbox.put_reading(reading(value, exercise=exercise))

    @rule()
    def put_telemetry_event(self) -> None:
        self.outbox.put_event(gate_opened())
        self.telemetry_events_put += 1

    @rule()
    def flush(self) -> None:
        self.outbox.flush()

    @rule()
    def tend(self) -> None:
        self.outbox.tend()

    @rule(lane=st.sampled_from(Lane), limit=st.integers(1, 40), later_ms=st.sampled_from([0, 3_000, 6_000]))
    def take(self, lane: Lane, limit: int, later_ms: int) -> None:
        self.now_ms += later_ms
        for envelope in take(self.outbox, lane, limit=limit, now_ms=self.now_ms):
            read = decode_envelope(encode(envelope))
            assert read == envelope
            assert envelope.lane is lane
            self.on_the_way.append(envelope)
            for seq, text in texts_of(envelope).items():
                assert self.items.setdefault((lane, seq), text) == text, "an item changed under its number"

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data())
    def server_takes(self, data: st.DataObject) -> None:
        envelope = self.on_the_way.pop(data.draw(st.integers(0, len(self.on_the_way) - 1)))
        self.held[envelope.lane] |= set(seqs_of(envelope))

    @precondition(lambda self: self.on_the_way)
    @rule()
    def message_is_lost(self) -> None:
        self.on_the_way.pop()

    @rule(lane=st.sampled_from(Lane))
    def server_acknowledges(self, lane: Lane) -> None:
        ack(self.outbox, lane, *[(seq, seq) for seq in self.held[lane]])

    @precondition(lambda self: self.on_the_way)
    @rule()
    def server_rejects(self) -> None:
        envelope = self.on_the_way.pop()
        numbers = seqs_of(envelope)
        if len(numbers) == 1 and not self.held[envelope.lane] & set(numbers):
            if (envelope.lane, numbers[0]) in self.set_aside:
                return
            self.set_aside.add((envelope.lane, numbers[0]))
            if envelope.lane is Lane.ALARM and envelope.events[0].data.get("code") != "alarm_rejected":
                self.alarms_put += 1
        elif len(numbers) == 1:
            return
        self.outbox.reject(envelope, Rejection(sha256="0" * 64, code="malformed", detail=""))

    @rule()
    def reconnect(self) -> None:
        self.outbox.resend_all()

    @rule(killed=st.booleans())
    def restart(self, killed: bool) -> None:
        if killed:
            self.outbox.flush()  # what is held in memory may be lost in a crash: that is tested elsewhere
            self.outbox._lock_file.close()
            abandoned = self.outbox
            self.outbox = open_outbox(Path(self.folder.name), LIMITS)
            abandoned._store._reader.close()
            abandoned._store.writer.close()
        else:
            self.outbox.close()
            self.outbox = open_outbox(Path(self.folder.name), LIMITS)
        self.on_the_way.clear()

    @invariant()
    def stays_bounded(self) -> None:
        rows = self.outbox._store.rows
        assert rows[Lane.ALARM] + rows[Lane.TELEMETRY] <= max(LIMITS.max_rows, rows[Lane.ALARM]) + 60

    def teardown(self) -> None:
        if not hasattr(self, "outbox"):
            return
        self.outbox.flush()
        self.outbox.resend_all()
        for lane in Lane:
            while envelopes := take(self.outbox, lane, limit=500, now_ms=self.now_ms):
                for envelope in envelopes:
                    for seq, text in texts_of(envelope).items():
                        assert self.items.setdefault((lane, seq), text) == text
                    self.held[lane] |= set(seqs_of(envelope))
            ack(self.outbox, lane, *[(seq, seq) for seq in self.held[lane]])
            assert self.outbox.pending(lane) == 0
        set_aside = {lane: {seq for at, seq in self.set_aside if at is lane} for lane in Lane}
        assert self.held[Lane.ALARM] | set_aside[Lane.ALARM] == set(range(1, self.alarms_put + 1))
        covered = self.held[Lane.TELEMETRY] | set_aside[Lane.TELEMETRY]
        for (lane, seq), text in self.items.items():
            if lane is Lane.TELEMETRY and text.startswith("gap") and seq in self.held[lane]:
                lo, hi = map(int, text.split()[1:3])
                covered |= set(range(lo, hi + 1))
        lost_gaps = {
            seq for seq in set_aside[Lane.TELEMETRY] if self.items[Lane.TELEMETRY, seq].startswith("gap")
        }
        if not lost_gaps:  # a declaration that the server cannot read leaves a hole, and it is seen there
            assert covered == set(range(1, max(covered, default=0) + 1)), "a hole that nobody declared"
        order = [
            float(text.split()[1]) for _, text in sorted(self.items.items()) if text.startswith("reading")
        ]
        assert order == sorted(order)
        self.outbox.close()
        self.folder.cleanup()


def texts_of(envelope: Envelope) -> dict[int, str]:
    """Number → text of each item, with the exercise that it belongs to."""
    found = {event.seq: f"event {event.model_dump_json()} {envelope.exercise}" for event in envelope.events}
    found |= {
        gap.seq: f"gap {gap.dropped[0]} {gap.dropped[1]} {gap.count} {gap.at_ms}" for gap in envelope.gaps
    }
    for block in envelope.readings:
        for row, seq in enumerate(block.seq):
            columns = (
                block.at_ms[row],
                block.mono_ms[row],
                block.series[block.row_series[row]],
                block.boot,
                block.synced,
            )
            found[seq] = f"reading {block.value[row]} {columns} {envelope.exercise}"
    return found


OutboxMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestOutbox = pytest.mark.slow(OutboxMachine.TestCase)
