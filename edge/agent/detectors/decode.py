"""From a model's output to boxes. Pure numpy; every function gives (boxes, scores) over all candidates.

boxes: (N, 4) float32, x1 y1 x2 y2 in pixels of the model's input. scores: (N, C) float32, one column a class.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Candidates = tuple[Floats, Floats]
_STRIDES = (8, 16, 32)
_LARGEST_LOG_SIZE = 10.0


def decode_yolox(output: Floats, width_px: int, height_px: int) -> Candidates:
    """`output`: (1, N, 5 + C), raw: xy offsets in cells, log sizes, objectness and classes in 0..1.

    N is the number of cells of the three strides; a cell's centre is (xy + cell) * stride, its size exp(wh) * stride,
    its score objectness * class. Raises ValueError for another shape.
    """
    grid, stride = _yolox_cells(width_px, height_px)
    rows = _rows(output, 3)
    if rows.shape[0] != grid.shape[0] or rows.shape[1] < 6:
        raise ValueError(f"a yolox output for {width_px}x{height_px} is (1, {grid.shape[0]}, 5 + C)")
    centre = (rows[:, 0:2] + grid) * stride
    size = np.exp(np.minimum(rows[:, 2:4], _LARGEST_LOG_SIZE)) * stride
    return _corners(centre, size), rows[:, 5:] * rows[:, 4:5]


def decode_yolov8(output: Floats) -> Candidates:
    """`output`: (1, 4 + C, N): centre x, centre y, width, height in pixels, then class scores in 0..1."""
    columns = _rows(output, 3)
    if columns.shape[0] < 5:
        raise ValueError("a yolov8 output is (1, 4 + C, N)")
    rows = columns.T
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


def decode_classifier(output: Floats, width_px: int, height_px: int) -> Candidates:
    """`output`: (1, C) before softmax. One candidate: the whole picture, with the classes' probabilities."""
    logits = output.reshape(1, -1).astype(np.float32)
    powers = np.exp(logits - logits.max())
    boxes = np.array([[0, 0, width_px, height_px]], dtype=np.float32)
    return boxes, powers / powers.sum()


def suppress(boxes: Floats, scores: Floats, iou_max: float) -> npt.NDArray[np.intp]:
    """Greedy non-maximum suppression of one class: the indices that stay, best first.

    boxes: (N, 4) xyxy. scores: (N,). Of two boxes with an intersection over union above `iou_max` the better stays.
    """
    order = np.argsort(-scores, kind="stable")
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


def _corners(centre: npt.NDArray[np.floating], size: npt.NDArray[np.floating]) -> Floats:
    return np.concatenate([centre - size / 2, centre + size / 2], axis=1).astype(np.float32)


def _sigmoid(values: Floats) -> Floats:
    return (1.0 / (1.0 + np.exp(-np.clip(values, -60, 60)))).astype(np.float32)


@lru_cache(maxsize=8)
def _yolox_cells(width_px: int, height_px: int) -> Candidates:
    """Cell coordinates (N, 2) and strides (N, 1), in the order of the output's rows."""
    grids, strides = [], []
    for stride in _STRIDES:
        ys, xs = np.mgrid[0 : height_px // stride, 0 : width_px // stride]
        cells = np.stack([xs.ravel(), ys.ravel()], axis=1).astype(np.float32)
        grids.append(cells)
        strides.append(np.full((len(cells), 1), stride, dtype=np.float32))
    return np.concatenate(grids), np.concatenate(strides)
