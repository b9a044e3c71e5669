"""Which parts of a frame a tiled classifier looks at. Pure."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edge.agent.detectors.decode import Floats
from edge.agent.detectors.manifest import Tiling


@dataclass(frozen=True, slots=True)
class Canvas:
    """The size to which a frame is brought so that each tile of a grid is a piece of it; pixels."""

    width_px: int
    height_px: int
    offsets: tuple[tuple[int, int], ...]
    """x, y of each tile's corner at the top left, row by row."""


@lru_cache(maxsize=32)
def canvas_of(grid: Tiling, tile_width_px: int, tile_height_px: int) -> Canvas:
    """The canvas of one grid of tiles of this size; the first tile begins at the left edge, the last ends at the right."""
    width_px, xs = _side(grid.columns, tile_width_px, grid.overlap)
    height_px, ys = _side(grid.rows, tile_height_px, grid.overlap)
    return Canvas(width_px, height_px, tuple((x, y) for y in ys for x in xs))


@lru_cache(maxsize=32)
def tile_boxes(
    grids: tuple[Tiling, ...],
    tile_width_px: int,
    tile_height_px: int,
    frame_width_px: int,
    frame_height_px: int,
) -> Floats:
    """(N, 4) float32 xyxy in pixels of the frame: what each row of the batch looks at, in its order.

    Without a grid it is the whole frame, once.
    """
    whole = [0.0, 0.0, float(frame_width_px), float(frame_height_px)]
    boxes: list[list[float]] = [] if grids else [whole]
    for grid in grids:
        canvas = canvas_of(grid, tile_width_px, tile_height_px)
        across, down = frame_width_px / canvas.width_px, frame_height_px / canvas.height_px
        boxes += [
            [x * across, y * down, (x + tile_width_px) * across, (y + tile_height_px) * down]
            for x, y in canvas.offsets
        ]
        if grid.whole:
            boxes.append(whole)
    return np.array(boxes, dtype=np.float32)


def _side(count: int, tile_px: int, overlap: float) -> tuple[int, list[int]]:
    """The canvas's side and where its tiles begin, pixels; evenly spread, to the pixel."""
    side_px = tile_px + math.floor((count - 1) * tile_px * (1 - overlap) + 0.5)
    if count == 1:
        return side_px, [0]
    return side_px, [math.floor(i * (side_px - tile_px) / (count - 1) + 0.5) for i in range(count)]
