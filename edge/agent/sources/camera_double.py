"""A capture that plays pictures from memory: a double of `cv2.VideoCapture` that passes the same tests."""

from collections.abc import Sequence

import cv2
import numpy as np

from edge.agent.pipeline import Image

_CODEC = "MJPG"


class DoubleCapture:
    """Gives `pictures` once, in order. Implements `edge.agent.sources.camera_opening.Capture`."""

    def __init__(self, pictures: Sequence[Image], fps: float) -> None:
        self._pictures = pictures
        self._fps = fps
        self._at = -1
        self._open = True

    def isOpened(self) -> bool:  # noqa: N802  OpenCV's name
        return self._open

    def grab(self) -> bool:
        if not self._open or self._at + 1 >= len(self._pictures):
            return False
        self._at += 1
        return True

    def retrieve(self) -> tuple[bool, Image | None]:
        if not self._open or self._at < 0:
            return False, None
        return True, np.array(self._pictures[self._at])

    def get(self, propId: int, /) -> float:  # noqa: N803
        if not self._open:
            return 0.0
        height_px, width_px = self._pictures[0].shape[:2] if self._pictures else (0, 0)
        known = {
            cv2.CAP_PROP_FRAME_WIDTH: width_px,
            cv2.CAP_PROP_FRAME_HEIGHT: height_px,
            cv2.CAP_PROP_FPS: self._fps,
            cv2.CAP_PROP_FOURCC: cv2.VideoWriter.fourcc(*_CODEC),
            cv2.CAP_PROP_POS_MSEC: 1000 * max(self._at, 0) / self._fps,
        }
        return float(known.get(propId, 0.0))

    def release(self) -> None:
        self._open = False
