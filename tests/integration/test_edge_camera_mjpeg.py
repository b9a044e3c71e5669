"""Cameras that speak HTTP-MJPEG, with a real server: live, refused, cut, stalled, broken pictures."""

import time
from itertools import pairwise

import pytest

from edge.agent.pipeline import Found, Image
from redwhistle.contracts.events import DeviceData
from tests.integration.cameras import NumberReader, build, running, section, wait_for
from tests.integration.mjpeg_server import NUMBERS, MjpegServer, serving
from tests.recording import RecordingSink

pytestmark = pytest.mark.faults
QUICK = {"stall_s": 2, "retry_first_s": 0.05, "retry_cap_s": 0.2}
FAULT_AND_BACK = [("device_fault", True), ("device_fault", False), ("device_recovered", True)]


class Late(NumberReader):
    """A slow detector that notes how many pictures old each was when it came to be looked at."""

    def __init__(self, server: MjpegServer) -> None:
        super().__init__()
        self._server = server
        self.behind: list[int] = []

    def look(self, image_bgr: Image) -> Found:
        found = super().look(image_bgr)
        self.behind.append((self._server.count - self.seen[-1][1]) % NUMBERS)
        time.sleep(0.4)
        return found


def note_of(sink: RecordingSink, number: int = 0) -> str:
    data = sink.events[number].data
    assert isinstance(data, DeviceData)
    assert data.note is not None
    return data.note


def test_a_slow_detector_sees_the_picture_of_now() -> None:
    """25 a second are sent and 2 are looked at: were they queued, the last would be over 3 s late."""
    with serving(fps=25) as server:
        late, sink = Late(server), RecordingSink()
        with running(build(section(server.url, analyse_fps=5), late), sink=sink):
            wait_for(lambda: len(late.behind) >= 9, "pictures")
    assert sink.events == []
    assert max(late.behind[1:]) <= 10
    assert late.shapes == {(360, 640, 3)}


def test_a_user_with_a_password_of_odd_signs_is_let_in() -> None:
    with serving(user="watch:p@ss/w?rd") as server:
        numbers, sink = NumberReader(), RecordingSink()
        with running(build(section(server.url_for("watch:p%40ss%2Fw%3Frd")), numbers), sink=sink):
            wait_for(lambda: len(numbers.seen) >= 3, "pictures")
    assert sink.events == []


def test_a_wrong_password_is_said_and_not_shown() -> None:
    with serving(user="watch:right") as server:
        sink = RecordingSink()
        with running(build(section(server.url_for("watch:wr0ng-w0rd"), **QUICK), NumberReader()), sink=sink):
            wait_for(lambda: sink.events, "the fault")
    assert "refuses user or password (401)" in note_of(sink)
    assert "wr0ng-w0rd" not in note_of(sink)


def test_cut_and_back_again() -> None:
    with serving() as server:
        numbers, sink = NumberReader(), RecordingSink()
        with running(build(section(server.url, **QUICK), numbers), sink=sink):
            wait_for(lambda: len(numbers.seen) >= 3, "pictures")
            before = len(sink.events)
            server.cut()
            wait_for(lambda: sink.kinds("cam")[before:] == FAULT_AND_BACK[:1], "the fault")
            assert "fell silent" in note_of(sink, before) or "refused" in note_of(sink, before)
            server.start()
            wait_for(lambda: sink.kinds("cam")[before:] == FAULT_AND_BACK, "the recovery")
            seen = len(numbers.seen)
            wait_for(lambda: len(numbers.seen) > seen + 3, "pictures again")


def test_stalled_the_reader_is_replaced_and_the_other_camera_keeps_its_rate() -> None:
    """E7, E8: the connection stands, and nothing comes; FFmpeg's own time-out is longer than the watchdog's."""
    with serving() as stalled, serving() as steady:
        numbers, other, sink = NumberReader(), NumberReader(), RecordingSink()
        first = build(section(stalled.url, analyse_fps=10, read_timeout_s=60, **QUICK), numbers)
        second = build(section(steady.url, analyse_fps=10, device="cam-2"), other)
        with running(first, second, sink=sink):
            wait_for(lambda: len(numbers.seen) > 3 and len(other.seen) > 3, "both cameras")
            pid = first.reader_pid
            from_s, before = time.monotonic(), len(sink.events)
            stalled.stall()
            wait_for(lambda: sink.kinds("cam")[before:] == FAULT_AND_BACK[:1], "the fault")
            stalled.flow()
            wait_for(lambda: sink.kinds("cam")[before:] == FAULT_AND_BACK, "the recovery")
            to_s = time.monotonic()
            assert first.reader_pid != pid
    assert "hung" in note_of(sink, before)
    assert sink.kinds("cam-2") == []
    looked = [at_s for at_s, _ in other.seen if from_s <= at_s <= to_s]
    assert len(looked) >= 0.6 * 10 * (to_s - from_s)
    assert max(b - a for a, b in pairwise(looked)) < 1.0


def test_broken_pictures_are_passed_over() -> None:
    with serving() as server:
        server.broken_every = 3
        numbers, sink = NumberReader(), RecordingSink()
        with running(build(section(server.url, analyse_fps=15, **QUICK), numbers), sink=sink):
            wait_for(lambda: len(numbers.seen) >= 20, "pictures")
    assert sink.events == []


def test_the_viewer_goes_when_the_camera_is_no_longer_wanted() -> None:
    with serving() as server:
        numbers = NumberReader()
        with running(build(section(server.url), numbers), sink=RecordingSink()):
            wait_for(lambda: numbers.seen and server.viewers == 1, "a viewer")
        wait_for(lambda: server.viewers == 0, "its end")
