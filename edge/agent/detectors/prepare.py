"""From a frame to a model's input."""

from dataclasses import dataclass

import cv2
import numpy as np

from edge.agent.detectors.decode import Floats
from edge.agent.detectors.manifest import Colour, Fit, ModelEntry
from edge.agent.pipeline import Image

_PAD = 114


@dataclass(frozen=True, slots=True)
class Ratio:
    """Input pixels per frame pixel, along x and y."""

    x: float
    y: float


class Preparer:
    """Brings frames to one model's input; keeps its buffers, so that a frame costs no allocation. One thread."""

    def __init__(self, entry: ModelEntry) -> None:
        self._entry = entry
        self._canvas = np.full((entry.height_px, entry.width_px, 3), _PAD, dtype=np.uint8)
        shape = (1, 3, entry.height_px, entry.width_px)
        self._input: Floats = np.empty(
            shape if entry.layout == "nchw" else (*self._canvas[None].shape,), np.float32
        )
        self._mean = np.array(entry.mean, dtype=np.float32)
        self._factor = np.float32(entry.scale) / np.array(entry.std, dtype=np.float32)
        self._offset = -self._mean / np.array(entry.std, dtype=np.float32)
        self._plain = bool(np.all(self._factor == 1) and np.all(self._offset == 0))

    def prepare(self, image_bgr: Image) -> tuple[Floats, Ratio]:
        """The input, float32 (1, 3, H, W) or (1, H, W, 3), valid until the next call, and the scale used."""
        ratio = self._fit(image_bgr)
        channels = cv2.split(self._canvas)
        if self._entry.colour is Colour.RGB:
            channels = channels[::-1]
        for i, channel in enumerate(channels):
            plane = self._input[0, i] if self._entry.layout == "nchw" else self._input[0, :, :, i]
            plane[:] = channel
            if not self._plain:
                plane *= self._factor[i]
                plane += self._offset[i]
        return self._input, ratio

    def _fit(self, image_bgr: Image) -> Ratio:
        entry = self._entry
        height_px, width_px = image_bgr.shape[:2]
        if entry.fit is Fit.STRETCH:
            cv2.resize(image_bgr, (entry.width_px, entry.height_px), dst=self._canvas)
            return Ratio(entry.width_px / width_px, entry.height_px / height_px)
        scale = min(entry.width_px / width_px, entry.height_px / height_px)
        size = (max(1, int(width_px * scale)), max(1, int(height_px * scale)))
        self._canvas[size[1] :, :] = _PAD
        self._canvas[:, size[0] :] = _PAD
        self._canvas[: size[1], : size[0]] = cv2.resize(image_bgr, size)
        return Ratio(scale, scale)
