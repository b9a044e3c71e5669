"""Privacy masks: black in the reader process, before the agent, a detector or a picture sees the frame."""

import json
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.agent.policy.zones import Point, area, check_polygon
from edge.agent.sources.camera_order import CameraKind, ReaderOrder, parse_order
from edge.agent.sources.camera_process import FrameReady, Opened, ReaderProcess
from edge.agent.sources.camera_reader import black_out
from edge.agent.sources.camera_settings import CameraSettings

WINDOW: tuple[Point, ...] = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))


def test_a_frame_comes_out_of_the_reader_masked(tmp_path: Path) -> None:
    file = tmp_path / "white.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 20, (800, 450))
    for _ in range(20):
        writer.write(np.full((450, 800, 3), 255, dtype=np.uint8))
    writer.release()
    order = ReaderOrder(
        url=str(file),
        kind=CameraKind.FILE,
        max_side_px=400,
        open_timeout_ms=5000,
        read_timeout_ms=5000,
        masks=(WINDOW,),
    )
    reader = ReaderProcess(order)
    try:
        reader.ask()
        assert isinstance(reader.wait(20), Opened)
        answer = reader.wait(20)
        assert isinstance(answer, FrameReady)
        assert answer.image_bgr.shape == (225, 400, 3)
        assert answer.image_bgr[57:168, 101:299].max() < 8  # no brighter than the clip's own noise
        assert answer.image_bgr[:50].min() > 200
    finally:
        reader.close()


def test_the_order_carries_the_masks_of_the_settings() -> None:
    settings = CameraSettings.model_validate(
        {
            "type": "camera",
            "device": "cam",
            "url": "rtsp://host/1",
            "masks": [WINDOW],
            "evidence": {"enabled": False},
        }
    )
    assert settings.masks == (WINDOW,)
    order = ReaderOrder(
        url="x",
        kind=CameraKind.STREAM,
        max_side_px=64,
        open_timeout_ms=1,
        read_timeout_ms=1,
        masks=settings.masks,
    )
    again = parse_order(order.to_line())
    assert json.dumps(asdict(again)) == json.dumps(asdict(order))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"masks": [[[0, 0], [1, 1]]]}, "three corners"),
        ({"masks": [[[0, 0], [2, 0], [1, 1]]]}, r"0\.\.1"),
        ({"masks": [[[0, 0], [0.5, 0.5], [1, 1]]]}, "no area"),
        ({"evidence": {"blur": False}}, "blur"),
        ({"evidence": {"every_s": 1}}, "60"),
        ({"evidence": {"also_for": ["Smoke 1"]}}, "also_for"),
    ],
)
def test_settings_that_would_mask_nothing_or_weaken_the_blur_are_refused(
    wrong: dict[str, object], why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        CameraSettings.model_validate({"type": "camera", "device": "cam", "url": "rtsp://host/1", **wrong})


corner = st.tuples(st.floats(0, 1), st.floats(0, 1))


@given(st.lists(corner, min_size=3, max_size=6).map(tuple), st.integers(8, 200), st.integers(8, 200))
def test_the_middle_of_a_mask_is_black_and_its_polygon_is_covered(
    mask: tuple[Point, ...], width_px: int, height_px: int
) -> None:
    try:
        check_polygon(mask)
    except ValueError:
        return
    picture = np.full((height_px, width_px, 3), 255, dtype=np.uint8)
    black_out(picture, (mask,))
    dark = float((picture == 0).all(axis=2).mean())
    if len(mask) == 3:  # of a polygon that crosses itself the shoelace formula gives less than it covers
        assert dark >= 0.9 * area(mask) - 4 / min(width_px, height_px)
    for x, y in mask:
        assert (
            picture[min(round(y * height_px), height_px - 1), min(round(x * width_px), width_px - 1)].max()
            == 0
        )
