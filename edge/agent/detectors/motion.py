"""Moving regions without a model: a running background on a small grey picture."""

import cv2
import numpy as np

from edge.agent.pipeline import Found, Image

_WIDTH_PX = 320
_LIGHT_CHANGE_SHARE = 0.6
_LEAST_SHARE = 0.002
_HISTORY_FRAMES = 200
_VARIANCE_LIMIT = 25.0
_SETTLE_FRAMES = 3


class MotionDetector:
    """Finds separate changed areas; says nothing of what they are. One camera, one thread.

    A change of more than 60 % of the picture at once is the light (a lamp, a cloud, infrared switching on), not
    motion: the background is learnt anew and the frame gives no regions.
    """

    def __init__(self) -> None:
        self._background = self._new_background()
        self._frames = 0
        self._join = np.ones((5, 5), dtype=np.uint8)
        self._shape: tuple[int, ...] | None = None

    @property
    def labels(self) -> frozenset[str]:
        return frozenset()

    @property
    def model(self) -> str | None:
        return None

    def look(self, image_bgr: Image) -> Found:
        """Moving regions, largest first, in pixels of `image_bgr`."""
        if image_bgr.shape != self._shape:
            self._restart(image_bgr.shape)
        height_px, width_px = image_bgr.shape[:2]
        scale = min(1.0, _WIDTH_PX / width_px)
        size = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
        grey = cv2.cvtColor(cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        changed = self._background.apply(cv2.GaussianBlur(grey, (5, 5), 0))
        self._frames += 1
        if np.count_nonzero(changed) > _LIGHT_CHANGE_SHARE * changed.size:
            self._restart(image_bgr.shape)
            self._background.apply(cv2.GaussianBlur(grey, (5, 5), 0))
            return Found()
        if self._frames <= _SETTLE_FRAMES:
            return Found()
        return Found(moving_regions=self._regions(changed, 1 / scale))

    def _regions(
        self, changed: cv2.typing.MatLike, to_frame: float
    ) -> tuple[tuple[float, float, float, float], ...]:
        opened = cv2.morphologyEx(changed, cv2.MORPH_OPEN, self._join[:3, :3])
        joined = cv2.dilate(opened, self._join, iterations=2)
        count, parts, stats, _ = cv2.connectedComponentsWithStats(joined)
        least_px = _LEAST_SHARE * changed.size
        moved = np.bincount(parts.ravel(), weights=(opened.ravel() > 0), minlength=count)
        boxes = [
            (moved[i], tuple(float(v) for v in stats[i, :4])) for i in range(1, count) if moved[i] >= least_px
        ]
        boxes.sort(key=lambda each: (-each[0], each[1]))
        return tuple(
            (x * to_frame, y * to_frame, (x + w) * to_frame, (y + h) * to_frame) for _, (x, y, w, h) in boxes
        )

    def _restart(self, shape: tuple[int, ...]) -> None:
        self._background = self._new_background()
        self._frames = 0
        self._shape = shape

    @staticmethod
    def _new_background() -> cv2.BackgroundSubtractorMOG2:
        return cv2.createBackgroundSubtractorMOG2(
            history=_HISTORY_FRAMES, varThreshold=_VARIANCE_LIMIT, detectShadows=False
        )
