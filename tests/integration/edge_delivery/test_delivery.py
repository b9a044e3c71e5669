"""Box to server through a real broker: nothing lost, nothing new invented, fire first, whatever is cut or killed."""

import signal
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.servers.mosquitto import Mosquitto
from bench.servers.proxy import CuttableProxy
from edge.agent.outbox.report import read_report
from edge.agent.uplink.link import LinkState
from edge.settings import load_settings
from edge.wiring import OUTBOX_FILE, Box
from redwhistle.contracts.commands import Command, ReplyStatus
from redwhistle.contracts.envelope import Envelope
from redwhistle.contracts.ids import Lane
from tests.integration.edge_delivery.boxes import SITE, BoxProcess, running_box, write_config, write_log
from tests.integration.edge_delivery.fake_server import BoxSeen, FakeServer
from tests.unit.edge_agent.test_supervisor import wait
from tests.unit.edge_outbox.making import gate_opened, reading, smoke

pytestmark = pytest.mark.servers


@pytest.fixture
def broker(mosquitto: Callable[[], Mosquitto]) -> Mosquitto:
    return mosquitto()


@pytest.fixture
def server(broker: Mosquitto) -> Iterator[FakeServer]:
    server = FakeServer(broker.port)
    server.start()
    yield server
    server.stop()


def is_empty(box: Box) -> bool:
    return not any(box.outbox.pending(lane) for lane in Lane)


def command(name: str, expires_in_s: float = 60, **args: Any) -> Command:
    now_ms = int(time.time() * 1000)
    return Command(
        id=uuid.uuid4(),
        name=name,
        args=args,
        issued_at_ms=now_ms,
        expires_at_ms=now_ms + int(expires_in_s * 1000),
    )


def assert_whole(seen: BoxSeen, lane: Lane, count: int) -> None:
    """Every number from 1, in one epoch."""
    assert len({epoch for epoch, at in seen.held if at is lane}) == 1
    assert seen.numbers(lane) == list(range(1, count + 1))


def test_what_is_put_in_arrives_and_the_state_is_published(
    tmp_path: Path, server: FakeServer, broker: Mosquitto
) -> None:
    with running_box(write_config(tmp_path / "box", broker.port)) as box:
        seen = server.box("box-1")
        box.outbox.put_event(smoke())
        box.outbox.put_event(gate_opened())
        for n in range(1_200):
            box.outbox.put_reading(reading(n))
        server.wait(lambda: is_empty(box))
        assert_whole(seen, Lane.ALARM, 1)
        numbers = seen.numbers(Lane.TELEMETRY)
        assert numbers == list(range(1, len(numbers) + 1))
        server.wait(lambda: bool(seen.states))
        assert (seen.states[-1].online, seen.states[-1].epoch) == (True, box.outbox.epoch)
    server.wait(lambda: not seen.states[-1].online)
    assert seen.states[-1].reason == "stopped"


def test_rows_stay_until_the_server_speaks(tmp_path: Path, server: FakeServer, broker: Mosquitto) -> None:
    """E5: the broker's PUBACK deletes nothing."""
    server.acknowledges = False
    with running_box(write_config(tmp_path / "box", broker.port)) as box:
        box.outbox.put_event(smoke())
        server.wait(lambda: len(server.box("box-1").arrived) >= 2)  # sent, and sent again
        assert box.outbox.pending(Lane.ALARM) == 1
        server.acknowledges = True
        server.wait(lambda: box.outbox.pending(Lane.ALARM) == 0)


def test_a_fire_overtakes_fifty_thousand_readings(
    tmp_path: Path, server: FakeServer, broker: Mosquitto
) -> None:
    """E4, on a link of 40 KB/s: what lies in buffers before the alarm is a second or two, never the backlog."""
    proxy = CuttableProxy(broker.port)
    proxy.start()
    try:
        with running_box(write_config(tmp_path / "box", proxy.port, broker={"keepalive_s": 20})) as box:
            server.wait(lambda: box.uplink.state is LinkState.CONNECTED)
            proxy.limit(40_000)
            for n in range(50_000):
                box.outbox.put_reading(reading(n))
            server.wait(lambda: len(server.box("box-1").arrived) >= 12, 60)
            began = time.monotonic()
            box.outbox.put_event(smoke())
            server.wait(lambda: bool(server.box("box-1").numbers(Lane.ALARM)))
            took_s = time.monotonic() - began
            assert box.outbox.pending(Lane.TELEMETRY) > 30_000, (
                "the backlog must still be there for this to mean something"
            )
            assert took_s < 5
            proxy.limit(None)
    finally:
        proxy.stop()


@pytest.mark.faults
@pytest.mark.parametrize("per_s", [20, 400])
def test_a_cut_network_loses_nothing(
    tmp_path: Path, server: FakeServer, broker: Mosquitto, per_s: int
) -> None:
    """E1, with a shorter cut: each number arrives, those of the first seconds of the cut among them."""
    proxy = CuttableProxy(broker.port)
    proxy.start()
    log = write_log(tmp_path / "log.jsonl", readings=per_s * 6, alarms=60, seconds=6)
    sources = [{"type": "replay", "file": str(log)}]
    try:
        with running_box(write_config(tmp_path / "box", proxy.port, sources=sources)) as box:
            seen = server.box("box-1")
            server.wait(lambda: bool(seen.numbers(Lane.ALARM)))
            proxy.black_hole()  # only the keep-alive finds that out
            time.sleep(1)
            proxy.cut()
            time.sleep(3)
            proxy.heal()
            server.wait(lambda: len(seen.numbers(Lane.ALARM)) == 60, 60)
            # The last second of readings may not be in the outbox yet, so that it is empty too soon.
            server.wait(lambda: len(seen.numbers(Lane.TELEMETRY)) >= per_s * 6 and is_empty(box), 60)
            assert_whole(seen, Lane.ALARM, 60)
            numbers = seen.numbers(Lane.TELEMETRY)
            assert numbers == list(range(1, len(numbers) + 1))
    finally:
        proxy.stop()


@pytest.mark.faults
def test_a_broker_that_is_killed_loses_nothing(tmp_path: Path, server: FakeServer, broker: Mosquitto) -> None:
    log = write_log(tmp_path / "log.jsonl", readings=4_000, alarms=80, seconds=8)
    sources = [{"type": "replay", "file": str(log)}]
    with running_box(write_config(tmp_path / "box", broker.port, sources=sources)) as box:
        seen = server.box("box-1")
        for alarms in (10, 40):
            server.wait(lambda alarms=alarms: len(seen.numbers(Lane.ALARM)) >= alarms)  # type: ignore[misc]
            broker.kill()
            time.sleep(0.5)
            broker.start()
        server.wait(lambda: len(seen.numbers(Lane.ALARM)) == 80, 60)
        server.wait(lambda: len(seen.numbers(Lane.TELEMETRY)) >= 4_000 and is_empty(box), 60)
        assert_whole(seen, Lane.ALARM, 80)
        numbers = seen.numbers(Lane.TELEMETRY)
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.faults
def test_a_killed_agent_loses_nothing_that_it_kept(
    tmp_path: Path, server: FakeServer, broker: Mosquitto
) -> None:
    log = write_log(tmp_path / "log.jsonl", readings=3_000, alarms=60, seconds=6)
    config = write_config(tmp_path / "box", broker.port, sources=[{"type": "replay", "file": str(log)}])
    seen = server.box("box-1")
    server.acknowledges = False
    box = BoxProcess(config)
    try:
        server.wait(lambda: len(seen.numbers(Lane.ALARM)) >= 15)
        box.kill()
        report = read_report(config.parent / "data" / OUTBOX_FILE)
        assert report.alarms >= 15
        server.acknowledges = True
        box = BoxProcess(config)
        kept = report.last_seq["alarm"]
        server.wait(lambda: len(seen.numbers(Lane.ALARM)) >= kept + 60, 60)
        began = time.monotonic()
        assert box.terminate(10) == 0
        assert time.monotonic() - began < 5
        assert box.actions()[-1] == "box_stopped"
    finally:
        box.end()
    assert_whole(seen, Lane.ALARM, kept + 60)
    # What was still held for the next flush when it was killed had no number yet: it leaves no hole.
    numbers = seen.numbers(Lane.TELEMETRY)
    assert numbers == list(range(1, len(numbers) + 1))
    server.wait(lambda: seen.states[-1].reason == "stopped")


def test_the_will_tells_of_a_killed_agent(tmp_path: Path, server: FakeServer, broker: Mosquitto) -> None:
    box = BoxProcess(write_config(tmp_path / "box", broker.port))
    seen = server.box("box-1")
    server.wait(lambda: bool(seen.states) and seen.states[-1].online)
    box.kill()
    server.wait(lambda: not seen.states[-1].online)
    assert seen.states[-1].reason == "will"


def test_a_rejected_item_does_not_block_its_neighbours(
    tmp_path: Path, server: FakeServer, broker: Mosquitto
) -> None:
    def refuses(envelope: Envelope) -> bool:
        return any(13.0 in block.value for block in envelope.readings)

    server.refuses = refuses
    with running_box(write_config(tmp_path / "box", broker.port)) as box:
        for n in range(100):
            box.outbox.put_reading(reading(n))
        server.wait(lambda: is_empty(box))
        seen = server.box("box-1")
        values = {v for _, e in seen.arrived for block in e.readings for v in block.value}
        assert values >= {float(n) for n in range(100)} - {13.0}
        assert 13.0 not in values
        (gap,) = {g for _, e in seen.arrived for g in e.gaps}
        assert set(range(1, max(seen.numbers(Lane.TELEMETRY)))) - set(seen.numbers(Lane.TELEMETRY)) == {
            gap.dropped[0]
        }


def test_commands_are_answered(tmp_path: Path, server: FakeServer, broker: Mosquitto) -> None:
    with running_box(write_config(tmp_path / "box", broker.port)) as box:
        seen = server.box("box-1")
        server.wait(lambda: bool(seen.states))

        def ask(one: Command, *, retain: bool = False) -> ReplyStatus:
            before = len(seen.replies)
            server.send(SITE, "box-1", one, retain=retain)
            server.wait(lambda: len(seen.replies) > before)
            assert seen.replies[-1].command == one.id
            return seen.replies[-1].status

        ping = command("ping")
        assert ask(ping) is ReplyStatus.DONE
        assert seen.replies[-1].data["epoch"] == box.outbox.epoch
        assert ask(ping) is ReplyStatus.DUPLICATE
        assert ask(command("ping", expires_in_s=-1)) is ReplyStatus.EXPIRED
        assert ask(command("ping"), retain=True) is ReplyStatus.REFUSED
        states = len(seen.states)
        assert ask(command("report")) is ReplyStatus.DONE
        server.wait(lambda: len(seen.states) > states)
        assert ask(command("configure", config={"sources": [{"type": "telepathy"}]})) is ReplyStatus.REFUSED
        assert "sources.0" in seen.replies[-1].detail
        assert ask(command("configure", config={"site": "elsewhere"})) is ReplyStatus.REFUSED


@pytest.mark.faults
def test_twenty_reconnects_with_new_configurations_lose_no_row(
    tmp_path: Path, server: FakeServer, broker: Mosquitto
) -> None:
    """E2: rows leave by acknowledgement alone."""
    proxy = CuttableProxy(broker.port)
    proxy.start()
    log = write_log(tmp_path / "log.jsonl", readings=200, alarms=10, seconds=0.1)
    try:
        with running_box(write_config(tmp_path / "box", proxy.port)) as box:
            seen = server.box("box-1")
            server.acknowledges = False
            server.wait(
                lambda: bool(seen.states)
            )  # its birth comes after its first subscription: no command before that
            fewest = 0
            for n in range(20):
                server.wait(lambda: box.uplink.state is LinkState.CONNECTED, 60)
                config = {"sources": [{"type": "replay", "name": f"replay-{n}", "file": str(log)}]}
                one = command("configure", config=config)
                server.send(SITE, "box-1", one)
                server.wait(lambda one=one: any(r.command == one.id for r in seen.replies), 60)  # type: ignore[misc]
                assert seen.replies[-1].status is ReplyStatus.DONE
                proxy.cut()
                server.wait(lambda: box.uplink.state is not LinkState.CONNECTED)
                proxy.heal()
                rows = box.outbox.pending(Lane.ALARM)
                assert rows >= fewest
                fewest = rows
                box.uplink._link = box.uplink._link.__class__(
                    LinkState.WAITING, 0, 0, 0
                )  # do not wait out the back-off
                box.uplink.announce()
            expected = box.outbox.pending(Lane.ALARM)
            assert expected > 100
            server.acknowledges = True
            server.wait(lambda: is_empty(box), 60)
            assert_whole(seen, Lane.ALARM, box.outbox.put_event(smoke()).seq - 1)
            numbers = seen.numbers(Lane.TELEMETRY)
            assert numbers == list(range(1, len(numbers) + 1))
            assert [box.name for box in box._sources] == ["replay-19"]
    finally:
        proxy.stop()


def test_two_boxes_do_not_touch_each_others_rows(
    tmp_path: Path, server: FakeServer, broker: Mosquitto
) -> None:
    with (
        running_box(write_config(tmp_path / "one", broker.port, "box-1")) as one,
        running_box(write_config(tmp_path / "two", broker.port, "box-2")) as two,
    ):
        for box in (one, two):
            for _ in range(3):
                box.outbox.put_event(smoke())
        server.wait(lambda: is_empty(one) and is_empty(two))
        assert_whole(server.box("box-1"), Lane.ALARM, 3)
        assert_whole(server.box("box-2"), Lane.ALARM, 3)


def test_ctrl_c_stops_as_well(tmp_path: Path, broker: Mosquitto) -> None:
    box = BoxProcess(write_config(tmp_path / "box", broker.port))
    end = time.monotonic() + 10
    while "uplink_connected" not in box.actions():
        assert time.monotonic() < end
        time.sleep(0.05)
    box._process.send_signal(signal.SIGINT)
    assert box._process.wait(5) == 0


def test_a_box_stops_in_time_though_nobody_answers(tmp_path: Path, broker: Mosquitto) -> None:
    proxy = CuttableProxy(broker.port)
    proxy.start()
    try:
        box = Box(load_settings(write_config(tmp_path / "box", proxy.port)))
        box.start()
        wait(lambda: box.uplink.state is LinkState.CONNECTED)
        proxy.black_hole()
        box.outbox.put_event(smoke())
        began = time.monotonic()
        box.stop()
        assert time.monotonic() - began < 5
    finally:
        proxy.stop()
