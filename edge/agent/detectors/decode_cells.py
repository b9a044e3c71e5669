"""From a map of cells to places in the picture: scores of tiles, people of a crowd. Pure numpy.

Places are in pixels of the model's input.
"""

import numpy as np

from edge.agent.detectors.decode import Candidates, Floats, softmax


def decode_tile_map(output: Floats, width_px: int, height_px: int) -> Candidates:
    """`output`: (1, C, h, w) before softmax. One candidate a cell, row by row, with the classes' probabilities.

    boxes: (h * w, 4), the cells; scores: (h * w, C). Raises ValueError for another shape.
    """
    cells = _map_of(output)
    classes_n, rows_n, columns_n = cells.shape
    scores = softmax(cells.reshape(classes_n, -1).T)
    return _cell_boxes(columns_n, rows_n, width_px, height_px), scores


def decode_scene_map(output: Floats, width_px: int, height_px: int) -> Candidates:
    """`output`: (1, C, 1 + h * w) before softmax. The first candidate is the whole picture, then one a cell.

    Cells are as wide as high, so h and w follow from their number and the input's sides. Raises ValueError for a
    number that fits no such grid.
    """
    if output.ndim != 3 or output.shape[0] != 1 or output.shape[1] == 0 or output.shape[2] < 2:
        raise ValueError(f"a scene_map output is (1, C, 1 + h * w), not {output.shape}")
    cells_n = output.shape[2] - 1
    columns_n = max(1, round((cells_n * width_px / height_px) ** 0.5))
    rows_n = cells_n // columns_n
    if columns_n * rows_n != cells_n or columns_n * height_px != rows_n * width_px:
        raise ValueError(f"{cells_n} cells do not make square ones of {width_px}x{height_px} pixels")
    whole = np.array([[0, 0, width_px, height_px]], dtype=np.float32)
    boxes = np.concatenate([whole, _cell_boxes(columns_n, rows_n, width_px, height_px)])
    return boxes, softmax(output[0].T)


def decode_density(output: Floats, width_px: int, height_px: int) -> Floats:
    """`output`: (1, 1, h, w), people in each cell. Gives (N, 3) float32: x, y, people, of the cells that hold any.

    x, y is the middle of the cell; the sum of the last column is the count. What is below 0 or not a number counts
    as 0. Raises ValueError for another shape.
    """
    cells = _map_of(output)
    classes_n, rows_n, columns_n = cells.shape
    if classes_n != 1:
        raise ValueError("a density output is (1, 1, h, w)")
    people = np.where(np.isfinite(cells[0]), cells[0], 0)
    ys, xs = np.nonzero(people > 0)
    sides = (width_px / columns_n, height_px / rows_n)
    return np.stack([(xs + 0.5) * sides[0], (ys + 0.5) * sides[1], people[ys, xs]], axis=1).astype(np.float32)


def _cell_boxes(columns_n: int, rows_n: int, width_px: int, height_px: int) -> Floats:
    ys, xs = np.divmod(np.arange(rows_n * columns_n, dtype=np.float32), np.float32(columns_n))
    low = np.stack([xs, ys], axis=1)
    corners = np.concatenate([low, low + 1], axis=1)
    sides = np.array([width_px / columns_n, height_px / rows_n], dtype=np.float32)
    return (corners * np.tile(sides, 2)).astype(np.float32)


def _map_of(output: Floats) -> Floats:
    if output.ndim != 4 or output.shape[0] != 1 or 0 in output.shape:
        raise ValueError(f"an output of 4 dimensions with batch 1 is needed, not {output.shape}")
    return output[0]  # type: ignore[no-any-return]
