"""Cameras behind a real RTSP server that plays a street: cut, stalled, gone and back; the others keep their rate."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.servers.installed import CHECKOUT
from bench.servers.rtsp import RtspServer, running_rtsp
from edge.agent.detectors.motion import MotionDetector
from edge.agent.sources.camera_process import FrameReady, Gone, Opened, ReaderProcess
from redwhistle.contracts.events import DeviceData
from tests.integration.cameras import NumberReader, build, is_gone, running, section, wait_for
from tests.recording import RecordingSink
from tests.shared_data import shared_files

pytestmark = [pytest.mark.faults, pytest.mark.servers]

SPEC = {"analyse_fps": 10, "stall_s": 3, "retry_first_s": 0.1, "retry_cap_s": 0.5, "open_timeout_s": 30}
FAULT_AND_BACK = [("device_fault", True), ("device_fault", False), ("device_recovered", True)]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's clip."""
    clip = CHECKOUT / "demo-data" / "bikes.mp4"
    if not clip.is_file():
        clip = tmp_path_factory.mktemp("demo-data") / "bikes.mp4"
        subprocess.run([sys.executable, str(CHECKOUT / "docker" / "demo_clip.py"), str(clip)], check=True)
    return clip


@pytest.fixture(scope="module")
def two_cameras() -> Iterator[tuple[RtspServer, RtspServer]]:
    """Two servers with a moving pattern and a key frame each second, so that one can be cut."""
    with ExitStack() as stack:
        yield stack.enter_context(running_rtsp()), stack.enter_context(running_rtsp())


def note_of(sink: RecordingSink) -> str:
    data = sink.events[0].data
    assert isinstance(data, DeviceData)
    assert data.code == "camera_stalled"
    return data.note or ""


def test_a_stream_whose_first_key_frame_comes_too_late_says_what_to_set(street: Path) -> None:
    """FFmpeg calls such a stream open, and no picture of it can ever be decoded."""
    with running_rtsp(street) as camera:
        reader = ReaderProcess(section(camera.url, open_timeout_s=2).reader_order())
        try:
            reader.ask()
            answer = reader.wait(30)
            assert isinstance(answer, Gone)
            assert "key frame" in answer.reason
        finally:
            reader.close()


def test_a_street_is_played_live_and_says_what_it_is(street: Path) -> None:
    with running_rtsp(street) as camera:
        reader = ReaderProcess(section(camera.url, max_side_px=320, open_timeout_s=30).reader_order())
        try:
            opened = reader.wait(40)
            assert isinstance(opened, Opened)
            assert opened.facts.codec in {"h264", "H264"}
            first = next_frame(reader)
            assert first.image_bgr.shape == (136, 320, 3)
            assert first.camera_px == (640, 272)
            began_s = time.monotonic()
            last = first
            while time.monotonic() - began_s < 2:
                last = next_frame(reader)
            assert (last.read - first.read) / (time.monotonic() - began_s) == pytest.approx(25, rel=0.4)
        finally:
            reader.close()


def next_frame(reader: ReaderProcess) -> FrameReady:
    reader.ask()
    answer = reader.wait(10)
    assert isinstance(answer, FrameReady)
    return answer


def test_a_stream_that_is_not_there_is_explained(two_cameras: tuple[RtspServer, RtspServer]) -> None:
    reader = ReaderProcess(section(two_cameras[0].url.replace("/camera", "/other")).reader_order())
    try:
        answer = reader.wait(30)
        assert isinstance(answer, Gone)
        assert "no such stream (404)" in answer.reason
    finally:
        reader.close()


def test_cut_and_back_while_the_other_camera_keeps_its_rate(
    two_cameras: tuple[RtspServer, RtspServer],
) -> None:
    """E7: the server is killed; its camera says so, and says when it is back."""
    broken, steady = two_cameras
    numbers, other, sink = NumberReader(), NumberReader(), RecordingSink()
    first = build(section(broken.url, **SPEC), numbers)
    second = build(section(steady.url, **{**SPEC, "device": "cam-2"}), other)
    with running(first, second, sink=sink):
        wait_for(lambda: len(numbers.seen) > 5 and len(other.seen) > 5, "both cameras", 40)
        broken.kill()
        from_s = time.monotonic()
        wait_for(lambda: sink.kinds("cam") == FAULT_AND_BACK[:1], "the fault")
        broken.start()
        wait_for(lambda: sink.kinds("cam") == FAULT_AND_BACK, "the recovery")
        to_s = time.monotonic()
    assert "fell silent" in note_of(sink) or "refused" in note_of(sink)
    assert sink.kinds("cam-2") == []
    looked = [at_s for at_s, _ in other.seen if from_s <= at_s <= to_s]
    assert len(looked) >= 0.6 * 10 * (to_s - from_s)


def test_stalled_the_reader_is_killed_from_outside(two_cameras: tuple[RtspServer, RtspServer]) -> None:
    """E8: the server stands still with its connection open, and the reader's `read()` does not return."""
    stalled, _ = two_cameras
    numbers, sink = NumberReader(), RecordingSink()
    source = build(section(stalled.url, **{**SPEC, "read_timeout_s": 120}), numbers)
    with running(source, sink=sink):
        wait_for(lambda: len(numbers.seen) > 5, "pictures", 40)
        pid = source.reader_pid
        assert pid is not None
        stalled.freeze()
        try:
            wait_for(lambda: sink.kinds("cam") == FAULT_AND_BACK[:1], "the fault")
            wait_for(lambda: is_gone(pid), "the end of the reader that hangs")
        finally:
            stalled.thaw()
        wait_for(lambda: sink.kinds("cam") == FAULT_AND_BACK, "the recovery")
    assert "hung" in note_of(sink)


PEOPLE = shared_files("video/people_street_towncentre.mp4")
if PEOPLE:

    def test_people_of_a_cctv_clip_are_moving_regions_over_rtsp() -> None:
        sink = RecordingSink()
        spec = {**SPEC, "stall_s": 15, "rules": {"reading_every_s": 1}}
        with ExitStack() as stack:
            server = stack.enter_context(running_rtsp(PEOPLE[0]))
            stack.enter_context(running(build(section(server.url, **spec), MotionDetector()), sink=sink))
            wait_for(lambda: len(counts_of(sink)) >= 4, "counts", 40)
        assert sink.events == []
        assert max(counts_of(sink)) >= 1


def counts_of(sink: RecordingSink) -> list[float]:
    return [reading.value for reading in sink.readings if reading.metric == "moving_regions"]
