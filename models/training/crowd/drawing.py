"""Crops for the crowd network: part of a picture at some scale, its heads as a map, and what is unknown."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from models.training.crowd.lessons import Points
from models.training.crowd.network import CELL_PX
from models.training.people.data import PAD, Boxes, Image

Map = npt.NDArray[np.float32]
_SIGMA_CELLS = 0.8
_REACH_CELLS = 3


@dataclass(frozen=True, slots=True)
class Crop:
    """`image` (H, W, 3); `density` and `known` (H / 8, W / 8): heads a cell, and 1 where they are known."""

    image: Image
    density: Map
    known: Map


def crop(
    rng: np.random.Generator,
    image: Image,
    heads: Points,
    unknown: Boxes,
    side_px: tuple[int, int],
    scales: tuple[float, float],
) -> Crop:
    """A crop of `side_px` (width, height) from the picture enlarged by something within `scales`; mirrored at times."""
    width_px, height_px = side_px
    height, width = image.shape[:2]
    scale = float(np.exp(rng.uniform(*np.log(scales))))
    stretch = float(np.exp(rng.uniform(-0.08, 0.08)))
    size = (max(16, round(width * scale * stretch)), max(16, round(height * scale / stretch)))
    way = cv2.INTER_AREA if scale < 0.7 else cv2.INTER_LINEAR
    scaled = cv2.resize(image, size, interpolation=way)
    factor = np.float32([size[0] / width, size[1] / height])
    dx = int(rng.integers(min(0, width_px - size[0]), max(0, width_px - size[0]) + 1))
    dy = int(rng.integers(min(0, height_px - size[1]), max(0, height_px - size[1]) + 1))
    canvas = np.full((height_px, width_px, 3), PAD, np.uint8)
    x1, y1, x2, y2 = max(0, dx), max(0, dy), min(width_px, dx + size[0]), min(height_px, dy + size[1])
    canvas[y1:y2, x1:x2] = scaled[y1 - dy : y2 - dy, x1 - dx : x2 - dx]
    points = heads * factor + np.float32([dx, dy])
    density = density_of(points, width_px // CELL_PX, height_px // CELL_PX)
    known = np.ones_like(density)
    for box in unknown * np.tile(factor, 2) + np.float32([dx, dy, dx, dy]):
        a, b, c, d = np.round(box / CELL_PX).astype(int)
        known[max(0, b - 1) : max(0, d + 1), max(0, a - 1) : max(0, c + 1)] = 0
    if rng.random() < 0.5:
        canvas, density, known = canvas[:, ::-1], density[:, ::-1], known[:, ::-1]
    return Crop(np.ascontiguousarray(canvas), np.ascontiguousarray(density), np.ascontiguousarray(known))


def density_of(points: Points, columns: int, rows: int) -> Map:
    """(rows, columns): every head inside spread over its neighbours, each adding one in all."""
    density = np.zeros((rows + 2 * _REACH_CELLS, columns + 2 * _REACH_CELLS), np.float32)
    cells = points / CELL_PX - 0.5
    for x, y in cells:
        if not (-0.5 <= x < columns - 0.5 and -0.5 <= y < rows - 0.5):
            continue
        column, row = round(float(x)), round(float(y))
        span = np.arange(-_REACH_CELLS, _REACH_CELLS + 1)
        across = np.exp(-((column + span - x) ** 2) / (2 * _SIGMA_CELLS**2))
        down = np.exp(-((row + span - y) ** 2) / (2 * _SIGMA_CELLS**2))
        # Cells outside the crop take no share: the head inside counts whole.
        across[(column + span < 0) | (column + span >= columns)] = 0
        down[(row + span < 0) | (row + span >= rows)] = 0
        spread = down[:, None] * across[None]
        density[row : row + 2 * _REACH_CELLS + 1, column : column + 2 * _REACH_CELLS + 1] += (
            spread / spread.sum()
        )
    return density[_REACH_CELLS:-_REACH_CELLS, _REACH_CELLS:-_REACH_CELLS]
