"""How good scores are: area under the curve, and what is found at a given share of false alarms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Wanted = npt.NDArray[np.bool_]


def auc(scores: Scores, wanted: Wanted) -> float:
    """Chance that a wanted picture scores above an unwanted one; ties count half (Mann-Whitney)."""
    order = np.argsort(scores, kind="stable")
    _, first, counts = np.unique(scores[order], return_index=True, return_counts=True)
    ranks = np.empty(len(scores))
    ranks[order] = np.repeat(first + (counts + 1) / 2, counts)
    positives = int(wanted.sum())
    negatives = len(wanted) - positives
    return float((ranks[wanted].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def threshold_at_fpr(scores: Scores, wanted: Wanted, fpr: float) -> float:
    """The lowest threshold (score > threshold alarms) at which at most `fpr` of the unwanted alarm."""
    unwanted = np.sort(scores[~wanted])[::-1]
    return float(unwanted[min(int(fpr * len(unwanted)), len(unwanted) - 1)])


def tpr_at_fpr(scores: Scores, wanted: Wanted, fpr: float) -> float:
    """Share of the wanted above that threshold."""
    return float((scores[wanted] > threshold_at_fpr(scores, wanted, fpr)).mean())
