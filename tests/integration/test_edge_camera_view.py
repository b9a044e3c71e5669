"""A box's own camera source, as `fittings` builds it, in front of a film in which nothing ever changes."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.agent.detectors.models import Models
from edge.agent.gpio.double import DoubleChips
from edge.agent.moments import BoxClock
from edge.agent.observation import EventSeen, ReadingSeen
from edge.agent.sources.camera_settings import CameraSettings
from edge.fittings import build_source
from redwhistle.clock import SystemClock
from redwhistle.contracts.events import DeviceData, EventKind


class Sink:
    def __init__(self) -> None:
        self.events: list[EventSeen] = []

    def event(self, seen: EventSeen) -> None:
        self.events.append(seen)

    def reading(self, seen: ReadingSeen) -> None:
        """Of no interest here."""


def wait_for(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.mark.slow
def test_a_camera_that_gives_the_same_picture_again_and_again_is_said_to_be_frozen(tmp_path: Path) -> None:
    path = tmp_path / "still.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 180))
    picture = (
        np.random.default_rng(1).integers(30, 220, (9, 16, 3)).astype(np.uint8).repeat(20, 0).repeat(20, 1)
    )
    for _ in range(20):
        writer.write(picture)
    writer.release()
    section = CameraSettings.model_validate(
        {
            "type": "camera", "device": "cam", "url": str(path), "loop": True, "analyse_fps": 10,
            "view": {"every_s": 0.2, "frozen_for_s": 1},
        }
    )  # fmt: skip
    clock = BoxClock(SystemClock(), "0" * 32, lambda: True)
    models = Models(tmp_path / "none")
    source = build_source(section, clock, tmp_path, lambda: models, DoubleChips())
    sink, stop = Sink(), threading.Event()
    thread = threading.Thread(target=source.run, args=(sink, stop))
    thread.start()
    try:
        wait_for(lambda: sink.events)
    finally:
        stop.set()
        thread.join(10)
    (event,) = sink.events
    assert event.kind is EventKind.DEVICE_FAULT
    assert isinstance(event.data, DeviceData)
    assert event.data.code == "camera_frozen"
    assert "restart the camera" in (event.data.note or "")
