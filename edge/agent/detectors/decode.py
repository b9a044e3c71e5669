"""From a model's output to boxes. Pure numpy; every function gives (boxes, scores) over all candidates.

boxes: (N, 4) float32, x1 y1 x2 y2 in pixels of the model's input. scores: (N, C) float32, one column a class.
`least`: candidates of which no score reaches it may be left out, in the same order; of thousands a handful are worth a box.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Candidates = tuple[Floats, Floats]
_STRIDES = (8, 16, 32)
_LARGEST_LOG_SIZE = 10.0


def decode_yolox(output: Floats, width_px: int, height_px: int, least: float = 0.0) -> Candidates:
    """`output`: (1, N, 5 + C), raw: xy offsets in cells, log sizes, objectness and classes in 0..1.

    N is the number of cells of the three strides; a cell's centre is (xy + cell) * stride, its size exp(wh) * stride,
    its score objectness * class. Raises ValueError for another shape.
    """
    grid, stride = cells_of(width_px, height_px, _STRIDES)
    rows = _rows(output, 3)
    if rows.shape[0] != grid.shape[0] or rows.shape[1] < 6:
        raise ValueError(f"a yolox output for {width_px}x{height_px} is (1, {grid.shape[0]}, 5 + C)")
    scores = rows[:, 5:] * rows[:, 4:5]
    keep = _likely(scores, least)
    rows, grid, stride = rows[keep], grid[keep], stride[keep]
    centre = (rows[:, 0:2] + grid) * stride
    size = np.exp(np.minimum(rows[:, 2:4], _LARGEST_LOG_SIZE)) * stride
    return _corners(centre, size), scores[keep]


def decode_yolov8(output: Floats, least: float = 0.0) -> Candidates:
    """`output`: (1, 4 + C, N): centre x, centre y, width, height in pixels, then class scores in 0..1."""
    columns = _rows(output, 3)
    if columns.shape[0] < 5:
        raise ValueError("a yolov8 output is (1, 4 + C, N)")
    rows = columns.T[_likely(columns.T[:, 4:], least)]
    return _corners(rows[:, 0:2], rows[:, 2:4]), np.ascontiguousarray(rows[:, 4:])


def decode_fastestdet(output: Floats, width_px: int, height_px: int) -> Candidates:
    """`output`: (1, 5 + C, H, W): objectness, x, y, w, h, classes of each cell.

    A cell's centre is (cell + tanh(xy)) / (W, H), its size sigmoid(wh), its score objectness ** 0.6 * class ** 0.4.
    """
    cells = _rows(output, 4)
    if cells.shape[0] < 6:
        raise ValueError("a fastestdet output is (1, 5 + C, H, W)")
    _, rows_n, columns_n = cells.shape
    flat = cells.reshape(cells.shape[0], -1).T
    ys, xs = np.divmod(np.arange(rows_n * columns_n, dtype=np.float32), np.float32(columns_n))
    picture = np.array([width_px, height_px], dtype=np.float32)
    centre = (np.stack([xs, ys], axis=1) + np.tanh(flat[:, 1:3])) / (columns_n, rows_n) * picture
    size = _sigmoid(flat[:, 3:5]) * picture
    objectness = np.clip(flat[:, 0:1], 0, 1)
    scores = objectness**0.6 * np.clip(flat[:, 5:], 0, 1) ** 0.4
    return _corners(centre, size), scores.astype(np.float32)


def decode_nanodet(
    output: Floats,
    width_px: int,
    height_px: int,
    strides: tuple[int, ...],
    reg_max: int,
    cell_centre: float,
    least: float = 0.0,
) -> Candidates:
    """`output`: (1, N, C + 4 * (reg_max + 1)): class scores in 0..1, then logits of left, top, right, bottom.

    N is the number of cells of all strides (sides rounded up); a cell's point is (cell + cell_centre) * stride. Each
    distance is the mean of its softmax over 0..reg_max, times the stride (generalised focal loss, Li et al. 2020).
    Raises ValueError for another shape.
    """
    cells, stride = cells_of(width_px, height_px, strides)
    rows = _rows(output, 3)
    bins = reg_max + 1
    classes_n = rows.shape[1] - 4 * bins
    if rows.shape[0] != cells.shape[0] or classes_n < 1:
        raise ValueError(
            f"a nanodet output for {width_px}x{height_px} is (1, {cells.shape[0]}, C + {4 * bins}), not {output.shape}"
        )
    keep = _likely(rows[:, :classes_n], least)
    rows, cells, stride = rows[keep], cells[keep], stride[keep]
    logits = rows[:, classes_n:].reshape(-1, 4, bins)
    powers = np.exp(logits - logits.max(axis=2, keepdims=True))
    steps = np.arange(bins, dtype=np.float32)
    distances = (powers @ steps) / powers.sum(axis=2) * stride
    points = (cells + np.float32(cell_centre)) * stride
    boxes = np.concatenate([points - distances[:, 0:2], points + distances[:, 2:4]], axis=1)
    return boxes.astype(np.float32), np.ascontiguousarray(rows[:, :classes_n])


def decode_classifier(output: Floats, boxes: Floats) -> Candidates:
    """`output`: (B, C) before softmax; `boxes`: (B, 4), what each row looked at. The classes' probabilities.

    Outputs of more dimensions, (B, C, 1, 1), are read as (B, C). Raises ValueError for another shape.
    """
    if output.ndim < 2 or output.shape[0] != len(boxes) or not output.size:
        raise ValueError(
            f"a classifier's output for {len(boxes)} pictures is ({len(boxes)}, C), not {output.shape}"
        )
    logits = output.reshape(len(boxes), -1).astype(np.float32)
    return boxes, softmax(logits)


def softmax(logits: Floats) -> Floats:
    """(N, C) to probabilities along the last axis; N may be 0."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)  # type: ignore[no-any-return]


def suppress(boxes: Floats, scores: Floats, iou_max: float) -> npt.NDArray[np.intp]:
    """Greedy non-maximum suppression of one class: the indices that stay, best first.

    boxes: (N, 4) xyxy. scores: (N,). Of two boxes with an intersection over union above `iou_max` the better stays.
    """
    order = np.argsort(-scores, kind="stable")
    boxes = boxes.astype(np.float64)  # whatever a model gives: no area is too large for these
    areas = np.prod(np.maximum(boxes[:, 2:4] - boxes[:, 0:2], 0), axis=1)
    kept: list[int] = []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        low = np.maximum(boxes[best, 0:2], boxes[rest, 0:2])
        high = np.minimum(boxes[best, 2:4], boxes[rest, 2:4])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        union = np.maximum(areas[best] + areas[rest] - shared, np.float32(1e-9))
        order = rest[shared / union <= iou_max]
    return np.array(kept, dtype=np.intp)


def select(boxes: Floats, scores: Floats, score_min: float, iou_max: float) -> npt.NDArray[np.intp]:
    """Indices of the candidates of one class to keep, best first; those that are not finite are left out."""
    indices = np.flatnonzero(scores >= score_min)
    indices = indices[np.isfinite(scores[indices]) & np.isfinite(boxes[indices]).all(axis=1)]
    return indices[suppress(boxes[indices], scores[indices], iou_max)]


def _rows(output: Floats, dimensions: int) -> Floats:
    if output.ndim != dimensions or output.shape[0] != 1:
        raise ValueError(f"an output of {dimensions} dimensions with batch 1 is needed, not {output.shape}")
    return output[0]  # type: ignore[no-any-return]


def _likely(scores: Floats, least: float) -> slice | npt.NDArray[np.intp]:
    """The rows of (N, C) of which a score reaches `least`."""
    return slice(None) if least <= 0 else np.flatnonzero((scores >= least).any(axis=1))


def _corners(centre: npt.NDArray[np.floating], size: npt.NDArray[np.floating]) -> Floats:
    return np.concatenate([centre - size / 2, centre + size / 2], axis=1).astype(np.float32)


def _sigmoid(values: Floats) -> Floats:
    return (1.0 / (1.0 + np.exp(-np.clip(values, -60, 60)))).astype(np.float32)


@lru_cache(maxsize=8)
def cells_of(width_px: int, height_px: int, strides: tuple[int, ...]) -> Candidates:
    """Cell coordinates (N, 2) and strides (N, 1), in the order of the output's rows; sides are rounded up."""
    grids, sizes = [], []
    for stride in strides:
        ys, xs = np.mgrid[0 : -(-height_px // stride), 0 : -(-width_px // stride)]
        cells = np.stack([xs.ravel(), ys.ravel()], axis=1).astype(np.float32)
        grids.append(cells)
        sizes.append(np.full((len(cells), 1), stride, dtype=np.float32))
    return np.concatenate(grids), np.concatenate(sizes)
