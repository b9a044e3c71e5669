"""`redwhistle-edge` on a machine whose wall clock is wrong by SKEW_S seconds: all else is as it is.

    skewed_box.py run --config box.yaml

A process cannot be given a wall clock of its own from outside, so the clock that the box is wired with is replaced here.
"""

import os
from datetime import datetime, timedelta

import edge.fittings
from edge.cli import main
from redwhistle.clock import SystemClock

SKEW = timedelta(seconds=float(os.environ["SKEW_S"]))


class SkewedClock(SystemClock):
    """Wall time is off; time since boot is right."""

    def now(self) -> datetime:
        return super().now() + SKEW


NAME = SystemClock.__name__
assert getattr(edge.fittings, NAME) is SystemClock, "the box makes its clock elsewhere: replace it there"
setattr(edge.fittings, NAME, SkewedClock)
main()
