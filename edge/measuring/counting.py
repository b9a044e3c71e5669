"""How far counts are off. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CountErrors:
    """`mae`: mean absolute error. `within_20pct`: share of pictures within a fifth of the true count. `bias`: mean error."""

    mae: float
    within_20pct: float
    bias: float


def count_errors(found: Sequence[int], true: Sequence[int]) -> CountErrors | None:
    """Of pairs of counts; None for no pair. A true 0 is right only as 0."""
    pairs = list(zip(found, true, strict=True))
    if not pairs:
        return None
    right = sum(5 * abs(f - t) <= t for f, t in pairs)
    return CountErrors(
        mae=sum(abs(f - t) for f, t in pairs) / len(pairs),
        within_20pct=right / len(pairs),
        bias=sum(f - t for f, t in pairs) / len(pairs),
    )
