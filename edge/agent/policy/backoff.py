"""How long to wait before the next attempt: doubling, bounded, spread."""


def delay_s(failures: int, *, first_s: float, cap_s: float, spread: float = 0.0) -> float:
    """Seconds to wait after `failures` failures in a row (≥ 1).

    `spread` in 0..1 is the caller's random number: it shortens the delay by up to a quarter, so that many boxes
    that lost one peer together do not come back together.
    """
    doubled = first_s * 2.0 ** min(max(failures, 1) - 1, 30)
    return min(cap_s, doubled) * (1.0 - 0.25 * spread)
