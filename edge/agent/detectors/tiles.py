"""A fire model looking at one camera: scores cell by cell, and how much each cell's picture changes.

Any kind of model will do: a map of cells is taken as it is, boxes and tiles are laid over a grid.
"""

import cv2
import numpy as np
import numpy.typing as npt

from edge.agent.detectors.decode import Candidates, Floats
from edge.agent.detectors.detector import ModelDetector, select_detections
from edge.agent.detectors.manifest import ModelEntry, ModelKind
from edge.agent.detectors.session import ModelSession
from edge.agent.observation import FireGrid
from edge.agent.pipeline import Found, Image

COLUMNS, ROWS = 10, 6
"""The grid for models that have none of their own."""
_CELL_PX = 16
_CHANGED_LEVELS = 8.0
_DRIFTED_LEVELS = 10.0
_USUAL_FRAMES = 80
_LEAST_SCORE = 0.05
_LEAST_COVER = 0.25
_FLAME, _SMOKE = "flame", "smoke"


class FireDetector:
    """Finds flame and smoke. One camera, one thread; the session may be shared."""

    def __init__(self, entry: ModelEntry, session: ModelSession) -> None:
        self._entry = entry
        self._model = ModelDetector(entry, session)
        self._changes: ChangeMeter | None = None

    @property
    def labels(self) -> frozenset[str]:
        return self._model.labels

    @property
    def model(self) -> str | None:
        return self._model.model

    def score(self, image_bgr: Image) -> Candidates:
        """All candidates, in pixels of the picture; of a scene map the first is the whole picture. Raises SourceError."""
        return self._model.score(image_bgr)

    def look(self, image_bgr: Image) -> Found:
        """The grid for the decision over time; the detections (cells or boxes) are for drawing."""
        found = self._model.score(image_bgr)
        height_px, width_px = image_bgr.shape[:2]
        boxes, scores, whole = split_whole(self._entry, found)
        columns, rows = _shape_of(self._entry, len(boxes))
        if self._changes is None or self._changes.shape != (columns, rows):
            self._changes = ChangeMeter(columns, rows)
        changed, drifted = self._changes.measure(image_bgr)
        by_label: dict[str, tuple[float, ...]] = {
            label: _cells(boxes, scores[:, column], columns, rows, width_px, height_px, self._is_map)
            for label, column in self._entry.labels.items()
        }
        nothing = (0.0,) * (columns * rows)
        grid = FireGrid(
            columns=columns,
            rows=rows,
            flame=by_label.get(_FLAME, nothing),
            smoke=by_label.get(_SMOKE, nothing),
            changed=changed,
            drifted=drifted,
            whole_flame=_score_of(self._entry, whole, _FLAME),
            whole_smoke=_score_of(self._entry, whole, _SMOKE),
        )
        return Found(detections=select_detections(self._entry, (boxes, scores), image_bgr), fire=grid)

    @property
    def _is_map(self) -> bool:
        return self._entry.kind in {ModelKind.SCENE_MAP, ModelKind.TILE_MAP}


class ChangeMeter:
    """What changes in each cell, on a small grey copy of the picture. One camera's frames, in order.

    A change of the light over the whole picture is none. "Usual" is a running mean of some 80 frames: at four frames a second, the last 20 seconds.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.shape = (columns, rows)
        self._size = (columns * _CELL_PX, rows * _CELL_PX)
        self._last: Floats | None = None
        self._usual: Floats | None = None

    def measure(self, image_bgr: Image) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """(changed, drifted): shares of each cell's pixels, row by row; 0 for the first frame."""
        # Grey first: a third of the pixels to make small.
        whole = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
        small = cv2.resize(whole, self._size, interpolation=cv2.INTER_AREA)
        grey: Floats = cv2.GaussianBlur(small, (3, 3), 0).astype(np.float32)
        if self._last is None or self._usual is None:
            self._last, self._usual = grey, grey.copy()
        changed = self._shares(_differs(grey, self._last, _CHANGED_LEVELS))
        drifted = self._shares(_differs(grey, self._usual, _DRIFTED_LEVELS))
        self._last = grey
        self._usual += (grey - self._usual) / np.float32(_USUAL_FRAMES)
        return changed, drifted

    def _shares(self, pixels: npt.NDArray[np.bool_]) -> tuple[float, ...]:
        columns, rows = self.shape
        cells = pixels.reshape(rows, _CELL_PX, columns, _CELL_PX).mean(axis=(1, 3))
        return tuple(float(v) for v in cells.ravel())


def _differs(grey: Floats, before: Floats, levels: float) -> npt.NDArray[np.bool_]:
    """The pixels that differ by more than `levels` beyond what the whole picture does: a lamp, a cloud, the exposure."""
    difference = grey - before
    differs: npt.NDArray[np.bool_] = np.abs(difference - np.median(difference[::2, ::2])) > levels
    return differs


def split_whole(entry: ModelEntry, found: Candidates) -> tuple[Floats, Floats, Floats | None]:
    """Boxes, scores, and the row of the whole picture where the model gives one."""
    boxes, scores = found
    if entry.kind is ModelKind.SCENE_MAP:
        return boxes[1:], scores[1:], scores[0]
    return boxes, scores, None


def picture_rows(entry: ModelEntry, scores: Floats) -> Floats:
    """Of all candidates' scores, those by which a single picture is judged: the whole's row where there is one."""
    return scores[:1] if entry.kind is ModelKind.SCENE_MAP else scores


def _shape_of(entry: ModelEntry, cells: int) -> tuple[int, int]:
    """Columns and rows of the grid: the model's own, or ours."""
    if entry.kind in {ModelKind.SCENE_MAP, ModelKind.TILE_MAP}:
        columns = max(1, round((cells * entry.width_px / entry.height_px) ** 0.5))
        if cells % columns == 0:
            return columns, cells // columns
    return COLUMNS, ROWS


def _cells(
    boxes: Floats, scores: Floats, columns: int, rows: int, width_px: int, height_px: int, is_map: bool
) -> tuple[float, ...]:
    """The best score in each cell: of the boxes that cover a quarter of it or lie within it."""
    if is_map and len(scores) == columns * rows:
        return tuple(float(v) for v in np.clip(np.nan_to_num(scores), 0, 1))
    cells = np.zeros((rows, columns), dtype=np.float32)
    keep = np.isfinite(scores) & (scores >= _LEAST_SCORE) & np.isfinite(boxes).all(axis=1)
    per_cell = np.array([columns / width_px, rows / height_px] * 2, dtype=np.float32)
    limits = np.array([columns, rows] * 2, dtype=np.float32)
    for (x1, y1, x2, y2), score in zip(np.clip(boxes[keep] * per_cell, 0, limits), scores[keep], strict=True):
        for row in range(int(y1), min(rows, int(np.ceil(y2)))):
            for column in range(int(x1), min(columns, int(np.ceil(x2)))):
                shared = (min(x2, column + 1) - max(x1, column)) * (min(y2, row + 1) - max(y1, row))
                if shared > 0 and shared >= _LEAST_COVER * min(1.0, float((x2 - x1) * (y2 - y1))):
                    cells[row, column] = max(cells[row, column], min(float(score), 1.0))
    return tuple(float(v) for v in cells.ravel())


def _score_of(entry: ModelEntry, whole: Floats | None, label: str) -> float:
    column = {str(name): number for name, number in entry.labels.items()}.get(label)
    if whole is None or column is None or not np.isfinite(whole[column]):
        return 0.0
    return float(np.clip(whole[column], 0, 1))
