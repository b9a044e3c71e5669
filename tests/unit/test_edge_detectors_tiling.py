"""How a frame is cut into tiles."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.detectors.manifest import Tiling
from edge.agent.detectors.tiling import canvas_of, tile_boxes


def test_tiles_cover_the_frame_row_by_row_and_the_whole_comes_last() -> None:
    grid = Tiling(columns=3, rows=2, overlap=0.5, whole=True)
    canvas = canvas_of(grid, 100, 80)
    assert (canvas.width_px, canvas.height_px) == (200, 120)
    assert canvas.offsets == ((0, 0), (50, 0), (100, 0), (0, 40), (50, 40), (100, 40))
    boxes = tile_boxes((grid,), 100, 80, 640, 360).tolist()
    assert boxes[0] == [0, 0, 320, 240]
    assert boxes[5] == [320, 120, 640, 360]
    assert boxes[6] == [0, 0, 640, 360]
    assert len(boxes) == grid.tiles


def test_without_a_grid_it_is_the_whole_frame() -> None:
    assert tile_boxes((), 100, 80, 640, 360).tolist() == [[0, 0, 640, 360]]


@given(st.integers(1, 12), st.integers(1, 12), st.floats(0, 0.9), st.integers(16, 256))
def test_no_grid_leaves_a_pixel_out(columns: int, rows: int, overlap: float, side: int) -> None:
    grid = Tiling(columns=columns, rows=rows, overlap=overlap)
    canvas = canvas_of(grid, side, side)
    xs = sorted({x for x, _ in canvas.offsets})
    ys = sorted({y for _, y in canvas.offsets})
    assert (xs[0], ys[0]) == (0, 0)
    assert (xs[-1] + side, ys[-1] + side) == (canvas.width_px, canvas.height_px)
    assert all(b - a <= side for a, b in pairwise(xs))
    assert all(b - a <= side for a, b in pairwise(ys))
    boxes = tile_boxes((grid,), side, side, 640, 360)
    assert boxes.min() >= 0
    assert boxes[:, 2].max() == pytest.approx(640, abs=1e-3)
    assert boxes[:, 3].max() == pytest.approx(360, abs=1e-3)
