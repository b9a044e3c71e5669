"""Counts and AP50 from detections; pure numpy, so that no library decides what the numbers mean."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Result:
    """What was found in one picture: `boxes` (N, 4) px, `scores` (N,), best first; `truth` (M, 4) px."""

    source: str
    boxes: Floats
    scores: Floats
    truth: Floats

    def count(self, score_min: float) -> int:
        return int((self.scores >= score_min).sum())


def count_mae(results: list[Result], score_min: float) -> float:
    """Mean absolute error of the number of people."""
    return float(np.mean([abs(r.count(score_min) - len(r.truth)) for r in results]))


def ap50(results: list[Result]) -> float:
    """Average precision at an overlap of one half, 101 recall points as in COCO."""
    total = sum(len(r.truth) for r in results)
    scores, hits = [], []
    for r in results:
        shared = overlap(r.boxes, r.truth)
        free = np.ones(len(r.truth), bool)
        for row, score in zip(shared, r.scores, strict=True):
            row = np.where(free, row, 0.0)
            best = int(row.argmax()) if len(row) else -1
            hit = best >= 0 and row[best] >= 0.5
            if hit:
                free[best] = False
            scores.append(score)
            hits.append(hit)
    if not total or not scores:
        return 0.0
    right = np.array(hits)[np.argsort(-np.array(scores), kind="stable")].cumsum()
    recall = right / total
    precision = np.maximum.accumulate((right / np.arange(1, len(right) + 1))[::-1])[::-1]
    at = np.searchsorted(recall, np.linspace(0, 1, 101))
    return float(np.append(precision, 0.0)[at].mean())


def overlap(first: Floats, second: Floats) -> Floats:
    """(N, M) intersection over union."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    areas = [np.prod(np.maximum(b[:, 2:] - b[:, :2], 0), axis=1) for b in (first, second)]
    return (shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-9)).astype(np.float32)
