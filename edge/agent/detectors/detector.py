"""One model looking at one camera: prepare, run, decode, select."""

import numpy as np

from edge.agent.detectors import decode, decode_cells
from edge.agent.detectors.decode import Candidates, Floats
from edge.agent.detectors.manifest import ModelEntry, ModelKind
from edge.agent.detectors.prepare import Preparer
from edge.agent.detectors.session import ModelSession
from edge.agent.detectors.tiling import tile_boxes
from edge.agent.observation import Detection
from edge.agent.pipeline import Found, Image
from redwhistle.errors import SourceError


class ModelDetector:
    """A model that gives boxes or scores of tiles. One thread; the session may be shared."""

    def __init__(self, entry: ModelEntry, session: ModelSession) -> None:
        self._entry = entry
        self._session = session
        self._preparer = Preparer(entry)

    @property
    def labels(self) -> frozenset[str]:
        return frozenset(self._entry.labels)

    @property
    def model(self) -> str | None:
        return self._entry.title

    def look(self, image_bgr: Image) -> Found:
        """Detections of the manifest's labels, best first within each label, clipped to the picture."""
        found = self.score(image_bgr, self._entry.score_min)
        return Found(detections=select_detections(self._entry, found, image_bgr))

    def score(self, image_bgr: Image, least: float = 0.0) -> Candidates:
        """All candidates, in pixels of the picture: boxes (N, 4), scores (N, C) by the model's class numbers.

        Those of which no score reaches `least` may be left out.
        Of a tiled classifier the rows are the tiles, in the order of `tiling.tile_boxes`. Raises SourceError.
        """
        entry = self._entry
        height_px, width_px = image_bgr.shape[:2]
        inputs, ratio = self._preparer.prepare(image_bgr)
        output = self._session.run(inputs)
        try:
            if entry.kind is ModelKind.CLASSIFIER:
                tiles = tile_boxes(entry.tiles, entry.width_px, entry.height_px, width_px, height_px)
                with np.errstate(over="ignore", invalid="ignore"):
                    found = decode.decode_classifier(output, tiles)
            else:
                boxes, scores = decode_output(entry, output, least)
                across_down: Floats = np.array([ratio.x, ratio.y, ratio.x, ratio.y], dtype=np.float32)
                found = boxes / across_down, scores
        except ValueError as error:
            raise SourceError(f"model {entry.title}: {error}; correct its kind in the manifest") from error
        most = max(entry.labels.values())
        if most >= found[1].shape[1]:
            raise SourceError(
                f"model {entry.title} has {found[1].shape[1]} classes and none with number {most}; "
                "correct its labels in the manifest"
            )
        return found


def select_detections(
    entry: ModelEntry, found: Candidates, image_bgr: Image, score_min: float | None = None
) -> tuple[Detection, ...]:
    """Of all candidates, in pixels of the picture, those that stay; `score_min` instead of the manifest's."""
    boxes, scores = found
    height_px, width_px = image_bgr.shape[:2]
    least = entry.score_min if score_min is None else score_min
    said: list[Detection] = []
    for label, column in entry.labels.items():
        of_label = scores[:, column]
        for i in decode.select(boxes, of_label, least, entry.iou_max):
            x1, y1, x2, y2 = (float(v) for v in boxes[i])
            box = (
                min(max(x1, 0.0), width_px),
                min(max(y1, 0.0), height_px),
                min(max(x2, 0.0), width_px),
                min(max(y2, 0.0), height_px),
            )
            said.append(Detection(label, min(float(of_label[i]), 1.0), box))
    return tuple(said)


def alarm_scores(entry: ModelEntry, scores: Floats) -> Floats:
    """(N,): of each candidate the probability of any of the entry's labels (of fire: flame or smoke).

    `scores`: (N, C). Classes of a softmax exclude each other, so theirs are added; of other kinds the largest counts.
    What is not a number counts as 0.
    """
    columns = np.nan_to_num(scores[:, sorted(set(entry.labels.values()))], posinf=0.0, neginf=0.0)
    if entry.kind in {ModelKind.CLASSIFIER, ModelKind.SCENE_MAP, ModelKind.TILE_MAP}:
        return np.minimum(columns.sum(axis=1), np.float32(1.0))  # type: ignore[no-any-return]
    return columns.max(axis=1)  # type: ignore[no-any-return]


def decode_output(entry: ModelEntry, output: Floats, least: float = 0.0) -> Candidates:
    """Boxes in pixels of the input, and scores, by the manifest's kind; not for a classifier or a density.

    Boxes of which no score reaches `least` may be left out.     Raises ValueError for a shape that does not fit.
    """
    # A model may give infinities and worse; `select` leaves such boxes out.
    with np.errstate(over="ignore", invalid="ignore"):
        return _decode(entry, output, least)


def _decode(entry: ModelEntry, output: Floats, least: float) -> Candidates:
    width_px, height_px = entry.width_px, entry.height_px
    match entry.kind:
        case ModelKind.YOLOX:
            return decode.decode_yolox(output, width_px, height_px, least)
        case ModelKind.YOLOV8:
            return decode.decode_yolov8(output, least)
        case ModelKind.NANODET:
            return decode.decode_nanodet(
                output, width_px, height_px, entry.strides, entry.reg_max, entry.cell_centre, least
            )
        case ModelKind.FASTESTDET:
            return decode.decode_fastestdet(output, width_px, height_px)
        case ModelKind.TILE_MAP:
            return decode_cells.decode_tile_map(output, width_px, height_px)
        case ModelKind.SCENE_MAP:
            return decode_cells.decode_scene_map(output, width_px, height_px)
        case ModelKind.CLASSIFIER | ModelKind.DENSITY:
            raise ValueError(f"a {entry.kind} gives no boxes")
