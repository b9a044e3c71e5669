"""A crowd model looking at one camera: where how many people are, as weighted points."""

import numpy as np

from edge.agent.detectors.decode import Floats
from edge.agent.detectors.decode_cells import decode_density
from edge.agent.detectors.detector import ModelDetector
from edge.agent.detectors.manifest import ModelEntry, ModelKind
from edge.agent.detectors.prepare import Preparer
from edge.agent.detectors.session import ModelSession
from edge.agent.pipeline import Found, Image
from redwhistle.errors import SourceError

_BLOCK_PX = 32.0
"""Cells of the map within such a square of the input become one point: zones need no more, and stay quick."""
_LEAST_PEOPLE = 0.005


class CrowdCounter:
    """A density model, or one that puts a box around each head. One thread; the session may be shared."""

    def __init__(self, entry: ModelEntry, session: ModelSession) -> None:
        self._heads = None if entry.kind is ModelKind.DENSITY else ModelDetector(entry, session)
        self._entry = entry
        self._session = session
        self._preparer = Preparer(entry)

    @property
    def model(self) -> str:
        """Name and version of the model."""
        return self._entry.title

    def look(self, image_bgr: Image) -> Floats:
        """(N, 3) float32: x, y in pixels of the picture, people there; `count_of` gives the count. Raises SourceError."""
        if self._heads is not None:
            return _middles(self._heads.look(image_bgr))
        entry = self._entry
        inputs, ratio = self._preparer.prepare(image_bgr)
        output = self._session.run(inputs)
        try:
            cells = decode_density(output, entry.width_px, entry.height_px)
        except ValueError as error:
            raise SourceError(f"model {entry.title}: {error}; correct its kind in the manifest") from error
        height_px, width_px = image_bgr.shape[:2]
        points = gather(cells)
        points[:, 0] = np.minimum(points[:, 0] / ratio.x, width_px)
        points[:, 1] = np.minimum(points[:, 1] / ratio.y, height_px)
        return points


def gather(cells: Floats) -> Floats:
    """(N, 3) x, y, people of cells, to the same of 32 px squares: their people together, at their common centre."""
    columns_rows = np.floor(cells[:, :2] / _BLOCK_PX).astype(np.int64)
    _, block = np.unique(columns_rows, axis=0, return_inverse=True)
    block = block.reshape(-1)
    weights = cells[:, 2].astype(np.float64)
    people = np.bincount(block, weights)
    kept = people >= _LEAST_PEOPLE
    places = [np.bincount(block, weights * cells[:, axis])[kept] / people[kept] for axis in (0, 1)]
    return np.stack([*places, people[kept]], axis=1).astype(np.float32)


def _middles(found: Found) -> Floats:
    boxes = np.array([each.box_xyxy_px for each in found.detections], dtype=np.float32).reshape(-1, 4)
    ones = np.ones((len(boxes), 1), dtype=np.float32)
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, ones], axis=1).astype(np.float32)


def count_of(points: Floats) -> float:
    """How many people such points are."""
    return float(points[:, 2].sum(dtype=np.float64))
