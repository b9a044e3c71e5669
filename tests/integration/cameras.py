"""Cameras under test: what they are built from, what they say, and a clip whose frames tell their numbers."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from edge.agent.observation import Detection
from edge.agent.pipeline import Detector, Found, Image
from edge.agent.sources import camera
from edge.agent.sources.camera import CameraSource
from edge.agent.sources.camera_settings import CameraSettings
from tests.recording import RecordingSink, moment

WIDTH_PX, HEIGHT_PX, FPS, FRAMES = 800, 450, 20, 60


class NumberReader:
    """Reads the number that `make_clip` draws as a brightness, so that a test knows which frame it was given."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, int]] = []
        self.shapes: set[tuple[int, ...]] = set()

    @property
    def labels(self) -> frozenset[str]:
        return frozenset({"person"})

    @property
    def model(self) -> str | None:
        return None

    def look(self, image_bgr: Image) -> Found:
        self.seen.append((time.monotonic(), round(float(image_bgr[-60:, -60:].mean()) / 4)))
        self.shapes.add(image_bgr.shape)
        return Found(detections=(Detection("person", 0.9, (0, 0, 10, 10)),))


def make_clip(path: Path, frames: int = FRAMES, size: tuple[int, int] = (WIDTH_PX, HEIGHT_PX)) -> Path:
    """A square that moves, over a ground whose lower right corner tells the frame's number (brightness / 4)."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, size)
    assert writer.isOpened()
    for i in range(frames):
        picture = np.full((size[1], size[0], 3), 60, dtype=np.uint8)
        cv2.rectangle(picture, (10 + i * 8, 80), (110 + i * 8, 220), (230, 230, 230), -1)
        picture[-100:, -100:] = i * 4
        writer.write(picture)
    writer.release()
    return path


def beginning_of(clip: Path, to: Path, seconds: float) -> Path:
    """The first seconds of another clip, its pictures and its pace as they are."""
    reader = cv2.VideoCapture(str(clip))
    fps = reader.get(cv2.CAP_PROP_FPS)
    size = (int(reader.get(cv2.CAP_PROP_FRAME_WIDTH)), int(reader.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    writer = cv2.VideoWriter(str(to), cv2.VideoWriter.fourcc(*"MJPG"), fps, size)
    assert writer.isOpened()
    for _ in range(round(seconds * fps)):
        more, picture = reader.read()
        assert more, f"{clip} is shorter than {seconds} s"
        writer.write(picture)
    writer.release()
    reader.release()
    return to


def section(url: Path | str, **fields: object) -> CameraSettings:
    return CameraSettings.model_validate({"type": "camera", "device": "cam", "url": str(url), **fields})


def build(settings: CameraSettings, *detectors: Detector) -> CameraSource:
    return camera.build(settings, moment=moment, detectors=lambda: detectors)


@contextmanager
def running(*sources: CameraSource, sink: RecordingSink) -> Iterator[None]:
    """Each source in a thread; stopped and checked at the end."""
    stop = threading.Event()
    threads = [threading.Thread(target=source.run, args=(sink, stop)) for source in sources]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert [source.reader_pid for source in sources] == [None] * len(sources)


def wait_for(condition: Callable[[], object], what: str, timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain for {what}"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
