"""Modbus sources at a real server: values, contacts, units that die, refuse, stall and come back."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from edge.agent.sources import modbus
from edge.agent.sources.modbus_settings import ModbusSettings
from redwhistle.contracts.events import DeviceData, WaterLevelData
from redwhistle.errors import OutboxError
from tests.integration.edge_modbus.peer import COIL, DISCRETE, HOLDING, INPUT, ModbusPeer, SerialPair, Unit
from tests.recording import RecordingSink, moment

pytestmark = pytest.mark.servers


def wait_for(condition: Callable[[], object], what: str, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain for {what}"
        time.sleep(0.02)


DEVICES = {
    1: {
        "device": "pit",
        "kind": "water_level",
        "registers": [
            {
                "address": 0,
                "type": "int16",
                "scale": 0.001,
                "metric": "water_level_m",
                "min": 0,
                "max": 5,
                "every_s": 600,
                "on_change": 0.05,
            },
            {
                "address": 10,
                "table": "input",
                "type": "float32",
                "word_order": "little",
                "metric": "tilt_deg",
            },
        ],
        "inputs": [{"address": 3, "says": "sos"}, {"address": 5, "table": "coil", "says": "test"}],
        "limits": [{"metric": "water_level_m", "event": "water_level", "above": 0.3, "clear": 0.2}],
    },
    2: {
        "device": "hall",
        "kind": "smoke",
        "inputs": [{"address": 0, "table": "holding", "bit": 2, "says": "smoke"}],
        "heartbeat_s": 0.5,
    },
    3: {"device": "attic", "kind": "smoke", "inputs": [{"address": 0, "says": "smoke"}], "heartbeat_s": 0.5},
}


def source(line: dict[str, object], *units: int, **more: object) -> modbus.ModbusSource:
    settings = ModbusSettings.model_validate(
        {
            "type": "modbus",
            **line,
            "timeout_s": 0.2,
            "fault_s": 1,
            "inputs": {"fault_after": 2, "fault_for_s": 0},
            "map": {"units": [{"unit": n, "poll_s": 0.05, "devices": [DEVICES[n]]} for n in units]},
            **more,
        }
    )
    return modbus.build(settings, moment=moment)


def tcp(port: int) -> dict[str, object]:
    return {"tcp": {"host": "127.0.0.1", "port": port}}


@contextmanager
def running(source: modbus.ModbusSource, sink: RecordingSink) -> Iterator[None]:
    stop, failures = threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            source.run(sink, stop)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)
    assert not thread.is_alive()
    assert failures == []


def play_the_pit(unit: Unit, sink: RecordingSink) -> None:
    """What unit 1 does, the same on every kind of line."""
    wait_for(lambda: sink.values("pit", "water_level_m"), "the first value")
    unit.words[HOLDING][0] = 420
    wait_for(lambda: sink.events, "the limit")
    assert sink.events[0].data == WaterLevelData(level_m=0.42, limit_m=0.3)
    unit.set_bit(DISCRETE, 3, True)
    wait_for(lambda: len(sink.events) == 2, "the call")
    assert sink.said() == [("pit", "water_level", True), ("pit", "sos", True)]
    levels = [value for value in sink.values("pit", "water_level_m") if value > 0.2]
    assert levels == [0.42], "sent when it changed, and once"


def test_values_limits_and_contacts_over_tcp() -> None:
    unit, sink = Unit(1), RecordingSink()
    unit.words[INPUT][10:12] = [0x0000, 0x40A0]  # 5.0, low word first
    with ModbusPeer(unit) as peer, running(source(tcp(peer.port), 1), sink):
        play_the_pit(unit, sink)
        assert sink.values("pit", "tilt_deg")[0] == 5.0


def test_the_same_on_a_serial_line() -> None:
    unit, sink, pair = Unit(1), RecordingSink(), SerialPair()
    line: dict[str, object] = {"rtu": {"port": pair.names[1], "baud": 19200}}
    try:
        with ModbusPeer(unit, serial=pair.names[0]), running(source(line, 1), sink):
            play_the_pit(unit, sink)
    finally:
        pair.close()


def test_the_same_through_a_serial_server() -> None:
    unit, sink = Unit(1), RecordingSink()
    with ModbusPeer(unit, rtu=True) as peer:
        line: dict[str, object] = {"tcp": {"host": "127.0.0.1", "port": peer.port, "framing": "rtu"}}
        with running(source(line, 1), sink):
            play_the_pit(unit, sink)


def test_a_test_contact_marks_what_follows() -> None:
    """E14."""
    unit, sink = Unit(1), RecordingSink()
    unit.set_bit(COIL, 5, True)
    with ModbusPeer(unit) as peer, running(source(tcp(peer.port), 1), sink):
        wait_for(lambda: sink.events, "the test")
        unit.words[HOLDING][0] = 420
        unit.set_bit(DISCRETE, 3, True)
        wait_for(lambda: sum(e.kind.value == "sos" for e in sink.events), "the test call")
        assert all(e.test for e in sink.events)
        unit.set_bit(COIL, 5, False)
        wait_for(lambda: [e for e in sink.events if not e.test], "the water, which stands there in earnest")


def test_a_value_that_cannot_be_is_a_fault_and_no_alarm() -> None:
    unit, sink = Unit(1), RecordingSink()
    unit.words[HOLDING][0] = 9000
    with ModbusPeer(unit) as peer, running(source(tcp(peer.port), 1), sink):
        wait_for(lambda: sink.events, "the fault")
        time.sleep(0.3)
        assert sink.said() == [("pit", "device_fault", True)]
        data = sink.events[0].data
        assert isinstance(data, DeviceData)
        assert data.code == "implausible_reading"


def test_a_dead_unit_is_lost_and_does_not_stop_its_neighbours() -> None:
    hall, attic, sink = Unit(2), Unit(3), RecordingSink()
    with ModbusPeer(hall, attic) as peer, running(source(tcp(peer.port), 2, 3), sink):
        wait_for(lambda: hall.asked and attic.asked, "both to be asked")
        attic.dead = True
        wait_for(lambda: ("attic", "device_lost", True) in sink.said(), "the loss")
        asked = attic.asked
        hall.words[HOLDING][0] = 0b100
        wait_for(lambda: ("hall", "smoke", True) in sink.said(), "the neighbour's alarm", 2)
        from_s, asked_hall = time.monotonic(), hall.asked
        time.sleep(2)
        assert hall.asked - asked_hall >= 10 * (time.monotonic() - from_s) / 2
        assert attic.asked - asked <= 4, "a silent unit is asked less and less often"
        attic.dead = False
        attic.set_bit(DISCRETE, 0, True)
        wait_for(lambda: ("attic", "smoke", True) in sink.said(), "its alarm after it came back")
    kinds = [kind for device, kind, _ in sink.said() if device == "attic"]
    assert kinds == ["device_lost", "smoke", "device_recovered"]
    assert ("hall", "device_lost", True) not in sink.said()


def test_a_unit_that_refuses_is_a_fault_with_the_reason() -> None:
    hall, attic, sink = Unit(2), Unit(3), RecordingSink()
    hall.refuses = {HOLDING}
    with ModbusPeer(hall, attic) as peer, running(source(tcp(peer.port), 2, 3), sink):
        wait_for(lambda: ("hall", "device_fault", True) in sink.said(), "the fault")
        data = next(e.data for e in sink.events if e.device == "hall" and e.kind.value == "device_fault")
        assert isinstance(data, DeviceData)
        assert data.code == "modbus_refused"
        assert "unit 2" in str(data.note)
        assert "illegal data address" in str(data.note)
        attic.set_bit(DISCRETE, 0, True)
        wait_for(lambda: ("attic", "smoke", True) in sink.said(), "the neighbour")
        hall.refuses = set()
        wait_for(lambda: ("hall", "device_fault", False) in sink.said(), "the end of the fault")


def test_a_server_that_goes_away_is_a_fault_and_is_found_again() -> None:
    """E9: not there at first either."""
    hall, sink = Unit(2), RecordingSink()
    with ModbusPeer(hall) as peer:
        peer.stop()
        with running(source(tcp(peer.port), 2), sink):
            wait_for(lambda: ("modbus-line", "device_fault", True) in sink.said(), "the fault")
            peer.start()
            wait_for(lambda: ("modbus-line", "device_fault", False) in sink.said(), "its end")
            peer.stop()
            peer.start()
            hall.words[HOLDING][0] = 0b100
            wait_for(lambda: ("hall", "smoke", True) in sink.said(), "an alarm after a power cut")


def test_a_peer_that_takes_the_connection_and_says_nothing_is_left_and_tried_again() -> None:
    sink = RecordingSink()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        with running(source(tcp(server.getsockname()[1]), 2, 3), sink):
            first, _ = server.accept()
            second, _ = server.accept()
            wait_for(lambda: len(sink.events) >= 2, "both units to be lost")
            from_s = time.monotonic()
        assert time.monotonic() - from_s < 1.5
        first.close()
        second.close()
    assert {("hall", "device_lost", True), ("attic", "device_lost", True)} <= set(sink.said())


@pytest.mark.parametrize(
    "noise", [b"\x00" * 300, b"\xff" * 7, bytes(range(256)), b"\x00\x01\x00\x00\x00\x03\x02\x83"]
)
def test_a_peer_that_speaks_nonsense_breaks_nothing(noise: bytes) -> None:
    sink, stop = RecordingSink(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)

        def babble() -> None:
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(0.1)
                    try:
                        while not stop.is_set() and connection.recv(100):
                            connection.sendall(noise)
                    except OSError:
                        continue

        thread = threading.Thread(target=babble)
        thread.start()
        try:
            with running(source(tcp(server.getsockname()[1]), 2), sink):
                wait_for(lambda: ("hall", "device_lost", True) in sink.said(), "the loss")
        finally:
            stop.set()
            thread.join(5)
    assert not [each for each in sink.said() if each[1] == "smoke"]


def test_an_alarm_that_could_not_be_kept_is_kept_by_the_next_run() -> None:
    hall, sink = Unit(2), RecordingSink(refusals=1)
    hall.words[HOLDING][0] = 0b100
    with ModbusPeer(hall) as peer:
        under_test = source(tcp(peer.port), 2)
        with pytest.raises(OutboxError):
            under_test.run(sink, threading.Event())
        with running(under_test, sink):
            wait_for(lambda: ("hall", "smoke", True) in sink.said(), "the alarm again")
