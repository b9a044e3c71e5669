"""How well a score tells alarms from the rest. Pure.

`alarms` and `others` are the scores of the pictures that should and should not raise one; a score is never NaN.
"""

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]


def auc(alarms: Scores, others: Scores) -> float | None:
    """The area under the ROC curve: the chance that an alarm scores above another picture, a tie counting half.

    By ranks (Mann and Whitney 1947). None where one side is empty.
    """
    if not alarms.size or not others.size:
        return None
    both = np.concatenate([alarms, others])
    values, place, counts = np.unique(both, return_inverse=True, return_counts=True)
    del values
    middle_rank = np.cumsum(counts) - (counts - 1) / 2  # ranks from 1; ties share their mean
    ranks = float(middle_rank[place[: alarms.size]].sum())
    return (ranks - alarms.size * (alarms.size + 1) / 2) / (alarms.size * others.size)


def tpr_at_fpr(alarms: Scores, others: Scores, fpr_max: float) -> float | None:
    """The largest share of alarms found by a threshold that raises at most `fpr_max` of the others.

    A picture alarms at or above the threshold. Nothing is interpolated: with fewer than 1 / `fpr_max` others none of
    them may alarm. None where one side is empty.
    """
    if not alarms.size or not others.size:
        return None
    allowed = int(np.floor(fpr_max * others.size + 1e-9))
    if allowed >= others.size:
        return 1.0
    first_refused = np.sort(others)[::-1][allowed]  # the threshold must lie above this score
    return float(np.mean(alarms > first_refused))
