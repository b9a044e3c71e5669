"""Percentiles of what was measured."""

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` (0 < percent ≤ 100) of all do not exceed (nearest rank)."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def summary_ms(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and the worst, in milliseconds with two decimals."""
    return {
        **{f"p{p}_ms": round(percentile(seconds, p) * 1000, 2) for p in (50, 95, 99)},
        "max_ms": round(max(seconds) * 1000, 2),
    }
