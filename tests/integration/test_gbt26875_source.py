"""The receiving centre at real TCP and UDP peers: cut, joined, garbled, many, hanging, flooding, refused."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from edge.agent.gbt26875 import objects as o
from edge.agent.gbt26875.frame import Command, Frame, decode_frame, encode_frame
from edge.agent.sources import gbt26875
from edge.agent.sources.gbt26875_settings import Gbt26875Settings
from redwhistle.errors import OutboxError, SourceError
from tests.integration.gbt26875_peers import Centre, Peer
from tests.recording import RecordingSink
from tests.unit.gbt26875_vectors import (
    CENTRE,
    CONFIRM,
    DENY,
    MAINS_FAULT,
    SMOKE_FIRE,
    TIME,
    TRANSMITTER,
    component,
    frame,
)


@contextmanager
def running(**changes: Any) -> Iterator[tuple[Centre, Peer]]:
    with Centre(**changes) as centre, Peer(centre.tcp) as peer:
        yield centre, peer


SMOKE = ("panel-1-s1-1-c10-2", "smoke", True)
MAINS = ("panel-1", "transmitter_mains_fault", True)


def assert_replies(frame: Frame, vector: bytes) -> None:
    """Equal to the vector but for the time of sending."""
    expected = decode_frame(vector)
    assert frame.time.text() is not None
    assert encode_frame(
        Frame(frame.serial, frame.source, frame.destination, frame.command, TIME)
    ) == encode_frame(Frame(expected.serial, expected.source, expected.destination, expected.command, TIME))


def test_each_vector_is_heard_and_confirmed() -> None:
    with running() as (centre, peer):
        peer.send(SMOKE_FIRE)
        assert_replies(peer.receive(), CONFIRM)
        assert centre.sink.told() == [SMOKE], "kept before it is confirmed"
        assert centre.sink.events[0].place == "yard"
        peer.send(MAINS_FAULT)
        assert_replies(peer.receive(), CONFIRM)
        assert centre.sink.told() == [SMOKE, MAINS]
        peer.send(CONFIRM + DENY + frame(None, serial=7))
        assert peer.receive().serial == 7, "replies are not replied to, a heartbeat is"


def test_single_bytes_two_at_once_and_garbage_between() -> None:
    with running() as (centre, peer):
        for value in SMOKE_FIRE:
            peer.send(bytes((value,)))
        assert_replies(peer.receive(), CONFIRM)
        peer.send(frame(None, serial=2) + MAINS_FAULT)
        assert [peer.receive().serial, peer.receive().serial] == [2, 1]
        peer.send(b"\x00@noise##" + frame(None, serial=3) + b"@@@" + frame(None, serial=4) + b"##")
        assert [peer.receive().serial, peer.receive().serial] == [3, 4]
        assert centre.sink.told() == [SMOKE, MAINS]


def test_a_damaged_frame_is_denied_and_its_repetition_is_the_alarm() -> None:
    with running() as (centre, peer):
        peer.send(SMOKE_FIRE[:40] + b"!" + SMOKE_FIRE[41:])
        assert_replies(peer.receive(), DENY)
        assert centre.sink.events == []
        peer.send(SMOKE_FIRE)
        assert_replies(peer.receive(), CONFIRM)
        assert centre.sink.told() == [SMOKE]


def test_a_false_start_delays_an_alarm_by_no_more_than_a_quiet_moment() -> None:
    with running(quiet_s=0.3) as (centre, peer):
        peer.send(b"@@" + bytes(22) + b"\xe8\x03\x02" + SMOKE_FIRE)
        assert_replies(peer.receive(), CONFIRM)
        assert centre.sink.told() == [SMOKE]


def test_several_panels_at_once_and_a_hanging_one_between_them() -> None:
    with Centre() as centre, ExitStack() as open_peers:
        hanging = open_peers.enter_context(Peer(centre.tcp))
        hanging.send(SMOKE_FIRE[:50])
        peers = [open_peers.enter_context(Peer(centre.tcp)) for _ in range(4)]
        for n, peer in enumerate(peers):
            peer.send(frame(2, component(3), source=5000 + n, serial=n))
        assert [peer.receive().serial for peer in peers] == [0, 1, 2, 3]
        peers[0].socket.close()
        peers[1].send(frame(None, serial=9, source=5001))
        assert peers[1].receive().serial == 9
        hanging.send(SMOKE_FIRE[50:])
        assert_replies(hanging.receive(), CONFIRM)
        devices = {device for device, _, _ in centre.sink.told()}
        assert devices == {"panel-1-s1-1-c10-2", *(f"panel-{5000 + n}-s1-1-c10-2" for n in range(4))}


def test_a_flood_does_not_keep_an_alarm_waiting() -> None:
    with running() as (centre, peer), Peer(centre.tcp) as flooding:
        heartbeats = frame(None, source=5001) * 200
        stop = threading.Event()

        def flood() -> None:
            try:
                while not stop.is_set():
                    flooding.send(heartbeats)
            except OSError:
                pass  # it takes no replies, so it is cut off sooner or later

        thread = threading.Thread(target=flood)
        thread.start()
        try:
            for serial in range(20):
                peer.send(frame(2, component(3, number=serial), serial=serial))
                assert peer.receive().serial == serial
        finally:
            stop.set()
            flooding.socket.shutdown(socket.SHUT_RDWR)
            thread.join(20)
        assert len(centre.sink.events) == 20


def test_one_that_never_takes_its_replies_is_cut_off() -> None:
    with running() as (centre, peer), Peer(centre.tcp) as deaf:
        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.socket.settimeout(5)
        with pytest.raises(OSError):  # noqa: PT012 (the end comes at some point of many)
            for _ in range(100_000):
                deaf.send(frame(None, source=5002) * 100)
        peer.send(SMOKE_FIRE)
        assert_replies(peer.receive(), CONFIRM)


def test_one_that_speaks_something_else_is_cut_off() -> None:
    with running() as (centre, peer), Peer(centre.tcp) as stranger:
        with pytest.raises(OSError):  # noqa: PT012
            for _ in range(10_000):
                stranger.send(b"GET / HTTP/1.1\r\n\r\n" * 100)
        peer.send(SMOKE_FIRE)
        assert_replies(peer.receive(), CONFIRM)


def test_with_all_connections_in_use_a_silent_one_makes_room_and_a_busy_one_does_not() -> None:
    with Centre(max_connections=2) as centre, Peer(centre.tcp) as first, Peer(centre.tcp) as second:
        for n, peer in enumerate((first, second)):
            peer.send(frame(None, serial=n))
            assert peer.receive().serial == n
        with Peer(centre.tcp) as third:
            assert third.is_closed()
        centre.wait_for(
            lambda: ("fire-receiver", "too_many_connections", True) in centre.sink.told(), "a fault"
        )
        centre.skew_ms += 31_000
        second.send(frame(None, serial=5))
        assert second.receive().serial == 5
        with Peer(centre.tcp) as fourth:
            fourth.send(SMOKE_FIRE)
            assert_replies(fourth.receive(), CONFIRM)
        assert first.is_closed()
        assert ("fire-receiver", "too_many_connections", False) in centre.sink.told()


def test_silence_is_a_loss_and_the_next_frame_a_recovery() -> None:
    with running(transmitter={"heartbeat_s": 60}) as (centre, peer):
        peer.send(frame(None, serial=1))
        peer.receive()
        centre.skew_ms += 61_000
        asked = peer.receive()
        assert (asked.command, asked.data[0], asked.destination) == (Command.REQUEST, 81, TRANSMITTER)
        centre.skew_ms += 80_000
        centre.wait_for(lambda: ("panel-1", "silent", True) in centre.sink.told(), "the loss")
        peer.send(
            frame(21, o.TransmitterState(1, TIME), serial=asked.serial, command=Command.ANSWER)
            + frame(None, serial=900)
        )
        while peer.receive().serial != 900:  # it may have been asked again
            pass
        kinds = [event.kind.value for event in centre.sink.events if event.device == "panel-1"]
        assert kinds == ["device_lost", "device_recovered"]


def test_an_idle_connection_is_closed() -> None:
    with running(idle_close_s=600) as (centre, peer):
        peer.send(frame(None))
        peer.receive()
        centre.skew_ms += 601_000
        assert peer.is_closed()


def test_a_duty_check_and_the_clock_reach_the_transmitter() -> None:
    duty = {"duty": {"every_s": 600, "answer_min": 5}, "clock_every_s": 86400, "heartbeat_s": None}
    with running(transmitter=duty) as (centre, peer):
        peer.send(frame(None))
        replies = [peer.receive(), peer.receive()]
        clock = next(each for each in replies if each.command == Command.CONTROL)
        assert (clock.data[:2], clock.source, clock.destination) == (b"\x5a\x01", CENTRE, TRANSMITTER)
        peer.send(frame(None, serial=clock.serial, command=Command.CONFIRM))
        centre.skew_ms += 600_000
        call = peer.receive()
        assert call.data == b"\x5b\x01\x05"
        peer.send(frame(None, serial=call.serial, command=Command.CONFIRM))
        centre.skew_ms += 301_000
        centre.wait_for(
            lambda: ("panel-1", "duty_unanswered", True) in centre.sink.told(), "the missed check"
        )
        peer.send(frame(24, o.TransmitterOperation(0x20, 1, TIME)))
        centre.wait_for(lambda: ("panel-1", "duty_unanswered", False) in centre.sink.told(), "the answer")


def test_datagrams_one_two_and_spoilt() -> None:
    with Centre() as centre, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(15)
        peer.sendto(SMOKE_FIRE, centre.udp)
        assert_replies(decode_frame(peer.recv(2048)), CONFIRM)
        assert centre.sink.told() == [SMOKE]
        peer.sendto(frame(None, serial=2) + MAINS_FAULT, centre.udp)
        assert [decode_frame(peer.recv(2048)).serial for _ in range(2)] == [2, 1]
        for spoilt in (b"", b"nonsense", SMOKE_FIRE[:40], b"@@" * 500):
            peer.sendto(spoilt, centre.udp)
        peer.sendto(SMOKE_FIRE[:40] + b"!" + SMOKE_FIRE[41:], centre.udp)
        assert_replies(decode_frame(peer.recv(2048)), DENY)
        centre.skew_ms += 61_000
        asked = decode_frame(peer.recv(2048))
        assert (asked.command, asked.destination) == (Command.REQUEST, TRANSMITTER), "the way back is known"


def test_a_network_that_is_not_allowed_is_not_heard() -> None:
    with (
        running(allow=["10.0.0.0/8"]) as (centre, peer),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        assert peer.is_closed()
        udp.settimeout(0.5)
        udp.sendto(SMOKE_FIRE, centre.udp)
        with pytest.raises(TimeoutError):
            udp.recv(2048)
        assert centre.sink.events == []


def test_what_the_disk_refuses_is_not_confirmed_and_not_lost() -> None:
    centre = Centre()
    centre.sink.refusals = 1
    with centre, Peer(centre.tcp) as peer:
        peer.send(SMOKE_FIRE)
        assert peer.socket.recv(100) == b"", "closed without a confirmation: the transmitter will send again"
    assert isinstance(centre.failure, OutboxError)
    stop = threading.Event()
    stop.set()
    centre.source.run(centre.sink, stop)  # the supervisor starts it again
    assert centre.sink.told() == [SMOKE]


def test_a_port_in_use_says_what_to_do() -> None:
    with Centre() as centre:
        section = Gbt26875Settings(type="gbt26875", tcp_port=centre.tcp[1])
        second = gbt26875.build(section, moment=centre.moment)
        with pytest.raises(SourceError, match=r"cannot listen on 127.0.0.1 port \d+: .*the port free"):
            second.run(RecordingSink(), threading.Event())


def test_it_stops_at_once_and_leaves_no_port_open() -> None:
    with running() as (centre, peer):
        address = centre.tcp
    assert peer.is_closed()
    with pytest.raises(OSError):
        socket.create_connection(address, timeout=2)
