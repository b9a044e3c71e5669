"""Cameras with real reader processes and real files: playing, stalling, dying, coming back."""

import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge.agent.detectors.models import Models
from edge.agent.detectors.motion import MotionDetector
from edge.agent.pipeline import Detector, Found, Image
from edge.agent.sources import camera
from edge.agent.sources.camera_order import CameraKind, ReaderOrder
from edge.agent.sources.camera_process import Answer, Ended, FrameReady, Gone, Opened, ReaderProcess
from edge.wiring import hand_over
from redwhistle.contracts.events import CrowdData, DeviceData, EventKind
from redwhistle.errors import SourceError
from tests.integration.cameras import (
    FPS,
    FRAMES,
    HEIGHT_PX,
    WIDTH_PX,
    NumberReader,
    beginning_of,
    build,
    is_gone,
    make_clip,
    running,
    section,
    wait_for,
)
from tests.recording import RecordingSink, moment

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "moving.avi")


def test_a_file_is_played_at_its_own_pace_and_ends(clip: Path) -> None:
    numbers = NumberReader()
    sink, stop = RecordingSink(), threading.Event()
    build(section(clip, analyse_fps=10), numbers).run(sink, stop)
    frames = [n for _, n in numbers.seen]
    assert frames == sorted(frames)
    assert frames[-1] >= FRAMES - 6
    assert 15 <= len(frames) <= 33
    # From the first to the last frame seen, the clock of the film runs as the clock on the wall.
    (first_s, first), (last_s, last) = numbers.seen[1], numbers.seen[-1]
    assert last_s - first_s == pytest.approx((last - first) / FPS, abs=0.6)
    assert numbers.shapes == {(360, 640, 3)}
    assert sink.events == []


def test_speed_and_loop(clip: Path) -> None:
    numbers, sink = NumberReader(), RecordingSink()
    with running(build(section(clip, analyse_fps=20, speed=4, loop=True), numbers), sink=sink):
        wait_for(
            lambda: sum(b < a for (_, a), (_, b) in zip(numbers.seen, numbers.seen[1:], strict=False)) >= 3,
            "3 loops",
        )
    assert sink.events == []


def test_moving_regions_are_counted_and_never_called_people(clip: Path) -> None:
    sink = RecordingSink()
    rules = {"zones": [{"name": "yard", "limit": 0, "for_s": 0.5, "dropout_s": 2}], "reading_every_s": 1}
    build(section(clip, analyse_fps=10, rules=rules), MotionDetector()).run(sink, threading.Event())
    crowd = [e for e in sink.events if e.kind is EventKind.CROWD_FORMED]
    assert len(crowd) == 1
    assert isinstance(crowd[0].data, CrowdData)
    assert crowd[0].data.basis == "moving_regions"
    assert {r.metric for r in sink.readings} == {"moving_regions", "frames_per_s"}
    # The square, the place it left and the corner that tells the number.
    assert 1 <= max(r.value for r in sink.readings if r.metric == "moving_regions") <= 3


def test_a_slow_detector_gets_the_newest_frame_and_no_queue_grows(clip: Path) -> None:
    class Slow(NumberReader):
        def look(self, image_bgr: Image) -> Found:
            found = super().look(image_bgr)
            time.sleep(0.5)
            # The picture does not change under the eyes of whoever looks at it.
            assert round(float(image_bgr[-60:, -60:].mean()) / 4) == self.seen[-1][1]
            return found

    numbers = Slow()
    build(section(clip, analyse_fps=30), numbers).run(RecordingSink(), threading.Event())
    (first_s, first), (last_s, last) = numbers.seen[1], numbers.seen[-1]
    assert len(numbers.seen) >= 5
    # A queue would fall behind by some fifty frames; to catch up is no fault: the first look may have been a late one.
    assert -8 <= last - first - (last_s - first_s) * FPS <= 20


def test_a_killed_reader_is_replaced_and_nothing_is_said(clip: Path) -> None:
    numbers, sink = NumberReader(), RecordingSink()
    source = build(section(clip, analyse_fps=20, loop=True, retry_first_s=0.1), numbers)
    with running(source, sink=sink):
        for _ in range(3):
            wait_for(lambda: source.reader_pid is not None and len(numbers.seen) > 2, "frames")
            pid = source.reader_pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda pid=pid: source.reader_pid not in (None, pid), "a new reader")  # type: ignore[misc]
            numbers.seen.clear()
            wait_for(lambda: len(numbers.seen) > 2, "frames of the new reader")
            assert is_gone(pid)
    assert sink.events == []


def test_a_frozen_reader_is_replaced_and_said_and_the_other_camera_keeps_its_rate(clip: Path) -> None:
    """E7, E8: the reader is stopped by a signal it cannot notice, as one that hangs in a driver."""
    frozen, other, sink = NumberReader(), NumberReader(), RecordingSink()
    fast = {"loop": True, "analyse_fps": 10}
    source = build(section(clip, stall_s=2, retry_first_s=0.1, **fast), frozen)
    second = build(section(clip, stall_s=2, **{**fast, "device": "cam-2"}), other)
    with running(source, second, sink=sink):
        wait_for(lambda: len(frozen.seen) > 5 and len(other.seen) > 5, "both cameras")
        pid = source.reader_pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        from_s = time.monotonic()
        wait_for(lambda: sink.kinds("cam") == [("device_fault", True)], "the fault")
        wait_for(lambda: len(sink.kinds("cam")) == 3, "the recovery")
        to_s = time.monotonic()
        assert is_gone(pid)
        assert source.reader_pid != pid
    assert sink.kinds("cam") == [("device_fault", True), ("device_fault", False), ("device_recovered", True)]
    fault = sink.events[0].data
    assert isinstance(fault, DeviceData)
    assert fault.code == "camera_stalled"
    assert fault.silent_s is not None
    assert 2 <= fault.silent_s < 4
    assert fault.note is not None
    assert "hung" in fault.note
    assert sink.kinds("cam-2") == []
    times = [at_s for at_s, _ in other.seen if from_s <= at_s <= to_s]
    assert len(times) >= 0.7 * 10 * (to_s - from_s)


def test_an_open_that_never_returns_is_killed_and_said_once(tmp_path: Path) -> None:
    """A pipe that nobody writes to: opening it blocks in the kernel, where no time-out of the decoder reaches."""
    fifo = tmp_path / "camera.avi"
    os.mkfifo(fifo)
    sink, pids = RecordingSink(), set[int]()
    quick = {"stall_s": 1, "open_timeout_s": 0.5, "retry_first_s": 0.05, "retry_cap_s": 0.1}
    source = build(section(fifo, **quick), NumberReader())

    def two_readers() -> bool:
        pids.update([] if source.reader_pid is None else [source.reader_pid])
        return len(pids) >= 2

    with running(source, sink=sink):
        wait_for(two_readers, "two readers")
    assert sink.kinds("cam") == [("device_fault", True)]
    wait_for(lambda: all(is_gone(pid) for pid in pids), "the end of all readers")


def test_a_silent_rtsp_server_is_said_without_its_password(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"rtsp://watch%40man:s3cr3t-word@127.0.0.1:{server.getsockname()[1]}/live/ch1?token=abcdef"
        sink = RecordingSink()
        source = build(
            section(url, stall_s=2, open_timeout_s=0.7, read_timeout_s=0.7, retry_first_s=0.1), NumberReader()
        )
        with running(source, sink=sink):
            wait_for(lambda: source.reader_pid, "a reader")
            command = Path(f"/proc/{source.reader_pid}/cmdline").read_bytes().decode()
            environment = Path(f"/proc/{source.reader_pid}/environ").read_bytes().decode()
            wait_for(lambda: sink.kinds("cam") == [("device_fault", True)], "the fault")
    written = [*capfd.readouterr(), repr(sink.events), repr(source._settings), command, environment]
    for secret in ("s3cr3t-word", "watch%40man", "abcdef"):
        assert not any(secret in text for text in written)
    assert "rtsp_transport;tcp" in environment
    assert "OPENCV_FFMPEG_CAPTURE_OPTIONS" not in os.environ


def test_a_missing_file_is_retried_and_found_when_it_comes(tmp_path: Path) -> None:
    """E9: the agent starts with any of its devices absent."""
    path, numbers, sink = tmp_path / "late.avi", NumberReader(), RecordingSink()
    source = build(section(path, stall_s=3, retry_first_s=0.1, retry_cap_s=0.3, loop=True), numbers)
    with running(source, sink=sink):
        wait_for(lambda: sink.kinds("cam") == [("device_fault", True)], "the fault")
        fault = sink.events[0].data
        assert fault.note is not None
        assert "no such file" in fault.note
        make_clip(tmp_path / "ready.avi").rename(path)
        wait_for(lambda: numbers.seen and len(sink.kinds("cam")) == 3, "the recovery")


def test_a_camera_whose_address_was_corrected_by_a_new_configuration_is_said_to_be_back(
    tmp_path: Path,
) -> None:
    """The alert of the stall would stay open for ever: the new source has never said one."""
    sink = RecordingSink()
    wrong = build(section(tmp_path / "wrong.avi", stall_s=1, retry_first_s=0.1), NumberReader())
    with running(wrong, sink=sink):
        wait_for(lambda: sink.kinds("cam") == [("device_fault", True)], "the fault")
    right = build(section(make_clip(tmp_path / "right.avi"), loop=True), NumberReader())
    hand_over([wrong], [right])
    with running(right, sink=sink):
        wait_for(lambda: len(sink.kinds("cam")) == 3, "the recovery")
    assert sink.kinds("cam")[1:] == [("device_fault", False), ("device_recovered", True)]


def test_masks_of_many_corners_reach_the_reader_whole(clip: Path) -> None:
    circle = [(0.5 + 0.3 * math.cos(i / 300), 0.5 + 0.3 * math.sin(i / 300)) for i in range(1800)]
    numbers = NumberReader()
    with running(build(section(clip, masks=[circle] * 3), numbers), sink=RecordingSink()):
        wait_for(lambda: numbers.seen, "a picture", timeout_s=10)


@pytest.mark.parametrize("content", [b"", b"not a film at all" * 100])
def test_a_file_that_is_no_film_is_explained(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.avi"
    path.write_bytes(content)
    reader = ReaderProcess(order(path))
    try:
        answer = answer_of(reader)
        assert isinstance(answer, Gone)
        assert "video" in answer.reason or "no frame" in answer.reason
    finally:
        reader.close()


def answer_of(reader: ReaderProcess) -> Answer | None:
    """The first answer that is not that it is open."""
    answer = reader.wait(20)
    return reader.wait(20) if isinstance(answer, Opened) else answer


def order(path: Path, **fields: object) -> ReaderOrder:
    values = {
        "kind": CameraKind.FILE,
        "max_side_px": 640,
        "open_timeout_ms": 5000,
        "read_timeout_ms": 5000,
        **fields,
    }
    return ReaderOrder(url=str(path), **values)  # type: ignore[arg-type]


def test_a_cut_film_plays_to_the_cut(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.avi"
    path.write_bytes(clip.read_bytes()[:150_000])
    numbers = NumberReader()
    build(section(path, analyse_fps=20, speed=2), numbers).run(RecordingSink(), threading.Event())
    assert numbers.seen


def test_a_reader_hands_over_only_when_asked_and_ends_with_its_agent(clip: Path) -> None:
    reader = ReaderProcess(order(clip, speed=10.0, loop=True))
    try:
        opened = reader.wait(10)
        assert isinstance(opened, Opened)
        assert (opened.facts.width_px, opened.facts.height_px, opened.facts.fps) == (WIDTH_PX, HEIGHT_PX, FPS)
        assert opened.facts.codec == "MJPG"
        assert reader.wait(1.0) is None
        reader.ask()
        first = reader.wait(10)
        assert isinstance(first, FrameReady)
        assert first.image_bgr.shape == (360, 640, 3)
        assert not first.image_bgr.flags.writeable
        before = first.image_bgr.copy()
        assert reader.wait(0.5) is None
        assert (first.image_bgr == before).all()
        reader.ask()
        assert isinstance(reader.wait(10), FrameReady)
        assert reader._process.stdin is not None
        reader._process.stdin.close()
        wait_for(lambda: is_gone(reader.pid), "the reader's end")
    finally:
        reader.close()
        reader.close()


def test_a_tall_picture_fits_the_slot(tmp_path: Path) -> None:
    reader = ReaderProcess(order(make_clip(tmp_path / "tall.avi", 5, (240, 900)), max_side_px=300))
    try:
        reader.ask()
        answer = answer_of(reader)
        assert isinstance(answer, FrameReady)
        assert answer.image_bgr.shape == (300, 80, 3)
        while not isinstance(answer, Ended):
            answer = reader.wait(20)
            assert answer is not None
    finally:
        reader.close()


def test_no_reader_outlives_an_agent_that_is_killed(clip: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from edge.agent.sources.camera_process import ReaderProcess; "
        "from edge.agent.sources.camera_order import CameraKind, ReaderOrder; "
        f"r = ReaderProcess(ReaderOrder({str(clip)!r}, CameraKind.FILE, 640, 5000, 5000, True)); "
        "print(r.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as agent:
        assert agent.stdout is not None
        pid = int(agent.stdout.readline())
        agent.kill()
    wait_for(lambda: is_gone(pid), "the reader's end")


def test_a_detector_that_cannot_be_made_is_a_source_error(clip: Path, tmp_path: Path) -> None:
    def none() -> Sequence[Detector]:
        return Models(tmp_path).detectors_for(people="absent")

    with pytest.raises(SourceError, match="camera:cam: there is no model 'absent'"):
        camera.build(section(clip), moment=moment, detectors=none).run(RecordingSink(), threading.Event())


SHARED = Path(
    os.environ.get("REDWHISTLE_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")
)
STREET = SHARED / "video" / "people_one_by_one.mp4"

if STREET.is_file():

    def test_real_people_who_pass_one_at_a_time_are_moving_regions(tmp_path: Path) -> None:
        sink = RecordingSink()
        # A reading is the median of two seconds of the street here: shorter than half a passage, wherever it begins.
        street = beginning_of(STREET, tmp_path / "street.avi", seconds=20)
        settings = section(street, speed=2, analyse_fps=24, rules={"reading_every_s": 1})
        build(settings, MotionDetector()).run(sink, threading.Event())
        counts = [r.value for r in sink.readings if r.metric == "moving_regions"]
        assert len(counts) >= 5
        assert {0.0, 1.0} <= set(counts)
        assert max(counts) <= 4, "parts of one person"
