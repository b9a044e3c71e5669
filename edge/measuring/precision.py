"""Average precision of boxes, as COCO defines it for one class at one IoU. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float64]
_RECALLS = np.linspace(0, 1, 101)
MOST_DETECTIONS = 100
"""Of one picture, the best; as COCO's maxDets."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One picture. found_xyxy: (N, 4), scores: (N,), true_xyxy: (M, 4); ignored: (M,) bool, true boxes over groups.

    A detection that lies on an ignored box is neither right nor wrong.
    """

    found_xyxy: Boxes
    scores: Boxes
    true_xyxy: Boxes
    ignored: npt.NDArray[np.bool_]


def average_precision(pictures: Sequence[Judged], iou_min: float = 0.5) -> float | None:
    """The mean of the best precision at recall ≥ 0, 0.01, … 1 (101 points); None without a true box.

    Within a picture detections take the best free true box in the order of their scores; over all pictures they are
    ranked by score. Source: the COCO evaluation (cocoeval), area all, maxDets 100.
    """
    truth_n = sum(int((~each.ignored).sum()) for each in pictures)
    if truth_n == 0:
        return None
    scores: list[float] = []
    hits: list[bool] = []
    for each in pictures:
        for score, hit in _match(each, iou_min):
            scores.append(score)
            hits.append(hit)
    order = np.argsort(-np.array(scores, dtype=np.float64), kind="stable")
    right = np.cumsum(np.array(hits, dtype=np.float64)[order])
    recall = right / truth_n
    precision = right / np.arange(1, len(right) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, _RECALLS, side="left")
    return float(np.mean([best[i] if i < len(best) else 0.0 for i in places]))


def _match(picture: Judged, iou_min: float) -> list[tuple[float, bool]]:
    """(score, right) of each detection that counts, best first."""
    order = np.argsort(-picture.scores, kind="stable")[:MOST_DETECTIONS]
    free = ~picture.ignored
    said: list[tuple[float, bool]] = []
    for i in order:
        overlap, covered = _overlaps(picture.found_xyxy[i], picture.true_xyxy)
        candidates = np.where(free, overlap, -1.0)
        best = int(np.argmax(candidates)) if candidates.size else -1
        if best >= 0 and candidates[best] >= iou_min:
            free[best] = False
            said.append((float(picture.scores[i]), True))
        elif not (picture.ignored & (covered >= iou_min)).any():
            said.append((float(picture.scores[i]), False))
    return said


def _overlaps(box: Boxes, others: Boxes) -> tuple[Boxes, Boxes]:
    """(M,) intersection over union with each of `others`, and over the area of `box` alone."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    area = max(float(np.prod(np.maximum(box[2:] - box[:2], 0))), 1e-9)
    areas = np.prod(np.maximum(others[:, 2:] - others[:, :2], 0), axis=1)
    return shared / np.maximum(area + areas - shared, 1e-9), shared / area
