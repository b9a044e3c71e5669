"""From a frame to a model's input."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from edge.agent.detectors.decode import Floats
from edge.agent.detectors.manifest import Colour, Fit, ModelEntry
from edge.agent.detectors.tiling import canvas_of
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
        sides = (entry.height_px, entry.width_px)
        self._canvas = np.full((*sides, 3), _PAD, dtype=np.uint8)
        self._planes = tuple(np.empty(sides, dtype=np.uint8) for _ in range(3))
        shape = (entry.inputs, 3, *sides) if entry.layout == "nchw" else (entry.inputs, *sides, 3)
        self._input: Floats = np.empty(shape, np.float32)
        self._factor = np.float32(entry.scale) / np.array(entry.std, dtype=np.float32)
        self._offset = -np.array(entry.mean, dtype=np.float32) / np.array(entry.std, dtype=np.float32)
        self._plain = bool(np.all(self._factor == 1) and np.all(self._offset == 0))

    def prepare(self, image_bgr: Image) -> tuple[Floats, Ratio]:
        """The input, float32 (B, 3, H, W) or (B, H, W, 3), valid until the next call, and the scale used.

        B is 1, or the number of tiles, in the order of `tiling.tile_boxes`; the scale is then that of a whole frame.
        """
        entry = self._entry
        height_px, width_px = image_bgr.shape[:2]
        if not entry.tiles:
            ratio = self._fit(image_bgr)
            self._fill(0, self._canvas)
            return self._input, ratio
        for row, piece in enumerate(self._pieces(image_bgr)):
            self._fill(row, piece)
        return self._input, Ratio(entry.width_px / width_px, entry.height_px / height_px)

    def _pieces(self, image_bgr: Image) -> Iterator[cv2.typing.MatLike]:
        width_px, height_px = self._entry.width_px, self._entry.height_px
        for grid in self._entry.tiles:
            canvas = canvas_of(grid, width_px, height_px)
            picture = cv2.resize(image_bgr, (canvas.width_px, canvas.height_px))
            for x, y in canvas.offsets:
                yield picture[y : y + height_px, x : x + width_px]
            if grid.whole:
                yield cv2.resize(image_bgr, (width_px, height_px))

    def _fill(self, row: int, picture: cv2.typing.MatLike) -> None:
        channels = cv2.split(picture, self._planes)
        if self._entry.colour is Colour.RGB:
            channels = channels[::-1]
        for i, channel in enumerate(channels):
            plane = self._input[row, i] if self._entry.layout == "nchw" else self._input[row, :, :, i]
            plane[:] = channel
            if not self._plain:
                plane *= self._factor[i]
                plane += self._offset[i]

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
        cv2.resize(image_bgr, size, dst=self._canvas[: size[1], : size[0]])
        return Ratio(scale, scale)
