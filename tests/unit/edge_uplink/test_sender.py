"""The uplink on a double of the connection: priorities, repetition, rejection, what only the server may do."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.agent.moments import BoxClock
from edge.agent.outbox.envelopes import seqs_of
from edge.agent.outbox.evidence import SqliteEvidence
from edge.agent.outbox.sqlite import SqliteOutbox
from edge.agent.uplink.connection import Accepted, Confirmed, LinkError, Lost, Received, Signal
from edge.agent.uplink.link import LinkState
from edge.agent.uplink.parts import Timing
from edge.agent.uplink.sender import Uplink
from redwhistle.clock import SystemClock
from redwhistle.contracts.codec import decode_envelope, decode_evidence, decode_state, digest, encode
from redwhistle.contracts.commands import Reply, ReplyStatus
from redwhistle.contracts.envelope import Ack, Envelope, Rejection
from redwhistle.contracts.evidence import Evidence
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.state import BoxState
from redwhistle.contracts.topics import Leaf
from tests.unit.edge_evidence.making import open_pictures, taken
from tests.unit.edge_outbox.making import open_outbox, reading, smoke


class FakeLink:
    """A broker and a server in one, under the test's control."""

    def __init__(self, *, confirms: bool = True, refuses: int = 0) -> None:
        self.confirms = confirms
        self.refuses = refuses
        self.messages: list[tuple[Leaf, bytes, bool]] = []
        self.opened = 0
        self.emit: Callable[[Signal], None] = lambda _signal: None
        self.changed = threading.Condition()

    def connect(self, emit: Callable[[Signal], None]) -> "FakeConnection":
        return FakeConnection(self, emit)

    def envelopes(self, lane: Lane) -> list[Envelope]:
        return [
            decode_envelope(payload) for leaf, payload, _ in list(self.messages) if leaf.value == lane.value
        ]

    def states(self) -> list[BoxState]:
        return [decode_state(payload) for leaf, payload, _ in list(self.messages) if leaf is Leaf.STATE]

    def acknowledge(self, envelope: Envelope) -> None:
        numbers = seqs_of(envelope)
        self.send_ack(
            Ack(epoch=envelope.epoch, lane=envelope.lane, received=[(n, n) for n in numbers], at_ms=0)
        )

    def send_ack(self, ack: Ack, *, retained: bool = False) -> None:
        self.emit(Received(Leaf.ACK, encode(ack), retained))

    def wait(self, condition: Callable[[], bool], timeout_s: float = 10) -> None:
        end = time.monotonic() + timeout_s
        with self.changed:
            while not condition():
                left = end - time.monotonic()
                assert left > 0, "it did not happen in time"
                self.changed.wait(min(left, 0.05))


class FakeConnection:
    def __init__(self, link: FakeLink, emit: Callable[[Signal], None]) -> None:
        self.link = link
        self.emit = emit
        self.mid = 0

    def open(self, will: bytes) -> None:
        assert not decode_state(will).online
        if self.link.refuses:
            self.link.refuses -= 1
            raise LinkError("nobody answers")
        with self.link.changed:
            self.link.opened += 1
            self.link.emit = self.emit
        self.emit(Accepted(False))

    def publish(self, leaf: Leaf, payload: bytes, *, retain: bool = False) -> int:
        self.mid += 1
        with self.link.changed:
            self.link.messages.append((leaf, payload, retain))
            self.link.changed.notify_all()
        if self.link.confirms or leaf is Leaf.STATE:
            self.emit(Confirmed(self.mid, None))
        return self.mid

    def close(self) -> None: ...


def describe(outbox: SqliteOutbox, clock: BoxClock) -> Callable[[bool, str | None], BoxState]:
    def state(online: bool, reason: str | None) -> BoxState:
        return BoxState(
            site="jinsha",
            box="box-1",
            online=online,
            epoch=outbox.epoch,
            stamp=clock.stamp(),
            version="1",
            reason=reason,
        )

    return state


class HastyClock(SystemClock):
    """Monotonic time runs fifty times as fast: five seconds of waiting are a tenth."""

    def monotonic_ms(self) -> int:
        return 50 * super().monotonic_ms()


@contextmanager
def running(
    outbox: SqliteOutbox,
    link: FakeLink,
    timing: Timing | None = None,
    machine: SystemClock | None = None,
    pictures: SqliteEvidence | None = None,
) -> Iterator[Uplink]:
    clock = BoxClock(machine or SystemClock(), "b" * 32, lambda: True)
    commands: list[tuple[bytes, bool]] = []
    uplink = Uplink(
        outbox,
        link.connect,
        clock,
        describe(outbox, clock),
        lambda payload, retained: commands.append((payload, retained)),
        evidence=pictures,
        timing=timing or Timing(tick_ms=20, telemetry_ms=50),
        jitter=lambda: 0.0,
    )
    outbox.on_commit(uplink)
    uplink.start()
    try:
        yield uplink
    finally:
        assert uplink.stop(5)
        assert uplink.state is LinkState.STOPPED


def test_rows_leave_on_the_servers_word_and_not_on_the_brokers(tmp_path: Path) -> None:
    outbox, link = open_outbox(tmp_path), FakeLink()
    with running(outbox, link):
        outbox.put_event(smoke())
        link.wait(lambda: len(link.envelopes(Lane.ALARM)) == 1)
        link.emit(Received(Leaf.ACK, b"\xff not an acknowledgement", False))
        (envelope,) = link.envelopes(Lane.ALARM)
        link.send_ack(Ack(epoch=envelope.epoch, lane=Lane.ALARM, received=[(1, 1)], at_ms=0), retained=True)
        outbox.put_reading(reading(1))
        outbox.flush()
        link.wait(lambda: len(link.envelopes(Lane.TELEMETRY)) == 1)
        outbox.put_event(smoke())
        link.wait(lambda: len(link.envelopes(Lane.ALARM)) == 2)
        kept = {lane: outbox.pending(lane) for lane in Lane}
        assert kept == {Lane.ALARM: 2, Lane.TELEMETRY: 1}, "confirmed by the broker, acknowledged by nobody"
        for envelope in link.envelopes(Lane.ALARM):
            link.acknowledge(envelope)
        link.wait(lambda: outbox.pending(Lane.ALARM) == 0)
    outbox.close()


def test_an_alarm_goes_between_telemetry_envelopes_that_wait(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for n in range(5_000):
        outbox.put_reading(reading(n))
    outbox.flush()
    link = FakeLink(confirms=False)
    with running(outbox, link):
        link.wait(lambda: len(link.envelopes(Lane.TELEMETRY)) == 1)
        outbox.put_event(smoke())
        link.wait(lambda: len(link.envelopes(Lane.ALARM)) == 1)
        assert len(link.envelopes(Lane.TELEMETRY)) == 1, (
            "unconfirmed telemetry holds up telemetry, not alarms"
        )
    outbox.close()


def test_alarms_go_before_the_backlog_on_a_new_connection(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for n in range(2_000):
        outbox.put_reading(reading(n))
    outbox.flush()
    for _ in range(250):
        outbox.put_event(smoke())
    link = FakeLink()
    with running(outbox, link):
        link.wait(lambda: len(link.envelopes(Lane.TELEMETRY)) >= 2)
        leaves = [leaf for leaf, _, _ in link.messages if leaf in {Leaf.ALARM, Leaf.TELEMETRY}]
        assert leaves[:3] == [Leaf.ALARM] * 3, "250 alarms in envelopes of 100"
    outbox.close()


def test_a_backlog_flows_as_fast_as_it_is_acknowledged_and_no_faster(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for n in range(10_000):
        outbox.put_reading(reading(n))
    outbox.flush()
    link = FakeLink()
    with running(outbox, link, Timing(tick_ms=20, telemetry_ms=60_000)):
        link.wait(lambda: len(link.envelopes(Lane.TELEMETRY)) == 8)
        assert outbox.in_flight(Lane.TELEMETRY) == 8
        done: list[Envelope] = []

        def has_news() -> bool:
            return len(link.envelopes(Lane.TELEMETRY)) > len(done) or not outbox.pending(Lane.TELEMETRY)

        while outbox.pending(Lane.TELEMETRY):
            link.wait(has_news)
            for envelope in link.envelopes(Lane.TELEMETRY)[len(done) :]:
                link.acknowledge(envelope)
                done.append(envelope)
            link.wait(has_news)
        numbers = [n for envelope in link.envelopes(Lane.TELEMETRY) for n in seqs_of(envelope)]
        assert numbers == list(range(1, 10_001)), "in order, each once"
    outbox.close()


def test_envelopes_that_went_to_nobody_go_again_however_many_they_were(tmp_path: Path) -> None:
    """The broker came back before the server did: it confirmed eight envelopes and had nobody to give them to."""
    outbox, link = open_outbox(tmp_path), FakeLink()
    for n in range(4_000):
        outbox.put_reading(reading(n))
    outbox.flush()
    with running(outbox, link, Timing(tick_ms=20, telemetry_ms=50, silent_ms=10**9), HastyClock()):
        link.wait(lambda: outbox.in_flight(Lane.TELEMETRY) == 8)
        lost = {n for envelope in link.envelopes(Lane.TELEMETRY)[:8] for n in seqs_of(envelope)}

        def have_come_again() -> bool:
            return lost <= {n for envelope in link.envelopes(Lane.TELEMETRY)[8:] for n in seqs_of(envelope)}

        link.wait(have_come_again)
        assert link.opened == 1, "on the same connection"
    outbox.close()


def test_a_new_connection_begins_with_the_state_and_sends_all_that_was_not_acknowledged(
    tmp_path: Path,
) -> None:
    outbox, link = open_outbox(tmp_path), FakeLink()
    with running(outbox, link) as uplink:
        outbox.put_event(smoke())
        outbox.put_reading(reading(1))
        outbox.flush()
        link.wait(lambda: len(link.envelopes(Lane.ALARM)) == len(link.envelopes(Lane.TELEMETRY)) == 1)
        link.emit(Lost("cable pulled"))
        link.wait(lambda: link.opened == 2 and len(link.envelopes(Lane.ALARM)) == 2)
        link.wait(
            lambda: len(link.envelopes(Lane.TELEMETRY)) == 2, 2
        )  # not only after the usual five seconds
        assert uplink.state is LinkState.CONNECTED
        assert seqs_of(link.envelopes(Lane.ALARM)[1]) == [1]
        link.wait(lambda: len(link.states()) == 2)
        assert all(state.online for state in link.states())
        assert all(retain for leaf, _, retain in link.messages if leaf is Leaf.STATE)
    assert [(s.online, s.reason) for s in link.states()][-1] == (False, "stopped")
    outbox.close()


def test_a_silent_server_makes_the_link_new(tmp_path: Path) -> None:
    outbox, link = open_outbox(tmp_path), FakeLink()
    with running(outbox, link, Timing(tick_ms=20, silent_ms=100)):
        outbox.put_event(smoke())
        link.wait(lambda: link.opened == 2)
    outbox.close()


def test_it_tries_again_until_the_broker_is_there(tmp_path: Path) -> None:
    outbox, link = open_outbox(tmp_path), FakeLink(refuses=1)
    with running(outbox, link) as uplink:
        outbox.put_event(smoke())
        link.wait(lambda: link.opened == 1)
        link.wait(lambda: len(link.envelopes(Lane.ALARM)) == 1)
        assert uplink.state is LinkState.CONNECTED
    outbox.close()


def test_a_rejected_envelope_is_halved_and_a_strange_version_is_not(tmp_path: Path) -> None:
    outbox, link = open_outbox(tmp_path), FakeLink()
    for n in range(4):
        outbox.put_reading(reading(n))
    outbox.flush()
    with running(outbox, link):
        link.wait(lambda: len(link.envelopes(Lane.TELEMETRY)) == 1)
        payload = next(payload for leaf, payload, _ in link.messages if leaf is Leaf.TELEMETRY)

        def reject(code: str) -> None:
            rejection = Rejection(sha256=digest(payload), code=code, detail="")
            link.send_ack(Ack(epoch=outbox.epoch, lane=Lane.TELEMETRY, rejected=[rejection], at_ms=0))

        reject("malformed")
        link.wait(lambda: len(link.envelopes(Lane.TELEMETRY)) == 3)
        assert [seqs_of(envelope) for envelope in link.envelopes(Lane.TELEMETRY)] == [
            [1, 2, 3, 4],
            [1, 2],
            [3, 4],
        ]
        payload = link.messages[-1][1]
        reject("wrong_version")
        link.acknowledge(link.envelopes(Lane.TELEMETRY)[1])
        link.wait(lambda: outbox.pending(Lane.TELEMETRY) == 2)  # so the rejection before it was handled
        outbox.put_reading(reading(4))
        outbox.flush()
        link.wait(lambda: len(link.envelopes(Lane.TELEMETRY)) == 4)
        assert seqs_of(link.envelopes(Lane.TELEMETRY)[3]) == [5]
    outbox.close()


def test_replies_are_kept_until_the_broker_has_them(tmp_path: Path) -> None:
    import uuid

    outbox, link = open_outbox(tmp_path), FakeLink(confirms=False)
    with running(outbox, link) as uplink:
        link.wait(lambda: link.opened == 1)
        uplink.reply(Reply(command=uuid.uuid4(), box="box-1", status=ReplyStatus.DONE, at_ms=0))
        link.wait(lambda: any(leaf is Leaf.REPLY for leaf, _, _ in link.messages))
        link.emit(Lost("cable pulled"))
        link.wait(lambda: sum(leaf is Leaf.REPLY for leaf, _, _ in link.messages) == 2)
    outbox.close()


def test_stopping_while_nobody_answers_is_quick(tmp_path: Path) -> None:
    outbox, link = open_outbox(tmp_path), FakeLink(refuses=100)
    with running(outbox, link):
        began = time.monotonic()
    assert time.monotonic() - began < 2
    outbox.close()


def test_a_picture_goes_after_the_alarms_and_leaves_on_the_servers_word(tmp_path: Path) -> None:
    outbox, link = open_outbox(tmp_path), FakeLink()
    pictures = open_pictures(tmp_path)
    outbox.put_event(smoke())
    pictures.put(taken())

    def sent() -> list[Evidence]:
        return [decode_evidence(payload) for leaf, payload, _ in link.messages if leaf is Leaf.EVIDENCE]

    with running(outbox, link, machine=HastyClock(), pictures=pictures):
        link.wait(lambda: len(link.envelopes(Lane.ALARM)) >= 2)
        assert sent() == [], "an alarm waits for its acknowledgement: no picture before it"
        for envelope in link.envelopes(Lane.ALARM):
            link.acknowledge(envelope)
        link.wait(lambda: len(sent()) == 1)
        ack = Ack(epoch=outbox.epoch, lane=Lane.TELEMETRY, evidence=[sent()[0].id], at_ms=0)
        link.send_ack(ack, retained=True)
        outbox.put_event(smoke())
        link.wait(lambda: outbox.pending(Lane.ALARM) == 1)
        link.send_ack(ack)
        link.wait(lambda: pictures.waiting() == [])
    outbox.close()
    pictures.close()


def test_a_picture_that_the_server_refuses_is_given_up_and_alarms_go_on(tmp_path: Path) -> None:
    outbox, link = open_outbox(tmp_path), FakeLink()
    pictures = open_pictures(tmp_path)
    pictures.put(taken())
    with running(outbox, link, pictures=pictures):
        link.wait(lambda: any(leaf is Leaf.EVIDENCE for leaf, _, _ in link.messages))
        payload = next(payload for leaf, payload, _ in link.messages if leaf is Leaf.EVIDENCE)
        refused = Rejection(sha256=digest(payload), code="malformed", detail="no picture")
        link.send_ack(Ack(epoch="0" * 32, lane=Lane.TELEMETRY, rejected=[refused], at_ms=0))
        link.wait(lambda: pictures.given_up() == {"refused": 1})
        outbox.put_event(smoke())
        link.wait(lambda: len(link.envelopes(Lane.ALARM)) == 1)
    outbox.close()
    pictures.close()
