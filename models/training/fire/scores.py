"""How good scores are: as a box measures it (`edge/measuring/ranking.py`), from one list of scores and what was wanted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.measuring import ranking

Scores = npt.NDArray[np.float64]
Wanted = npt.NDArray[np.bool_]


def auc(scores: Scores, wanted: Wanted) -> float:
    """The area under the ROC curve; raises ValueError where one side is empty."""
    return _known(ranking.auc(scores[wanted], scores[~wanted]))


def tpr_at_fpr(scores: Scores, wanted: Wanted, fpr: float) -> float:
    """Share of the wanted found at `fpr` of the others; raises ValueError where one side is empty."""
    return _known(ranking.tpr_at_fpr(scores[wanted], scores[~wanted], fpr))


def threshold_at_fpr(scores: Scores, wanted: Wanted, fpr: float) -> float:
    """The lowest threshold (score > threshold alarms) at which at most `fpr` of the unwanted alarm."""
    unwanted = np.sort(scores[~wanted])[::-1]
    return float(unwanted[min(int(fpr * len(unwanted)), len(unwanted) - 1)])


def _known(figure: float | None) -> float:
    if figure is None:
        raise ValueError("pictures with and without fire are needed to compare")
    return figure
