"""Clocks as arguments: a port, the system's clock, and one that a test or a replay sets.

Aware UTC only: `check_utc` refuses everything else at the door. Epoch times on the wire are integer milliseconds.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where a process reads time. Pure code never holds one: it is given `now`."""

    def now(self) -> datetime:
        """Wall time, aware, UTC."""

    def monotonic_ms(self) -> int:
        """Milliseconds that never run backwards, since the machine's boot where the system offers that."""


class SystemClock:
    """The machine's clocks; monotonic time counts from boot and includes suspension (CLOCK_BOOTTIME)."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_ms(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


class ManualClock:
    """A clock that stands still until it is moved: for tests, replays and drills."""

    def __init__(self, start: datetime, monotonic_ms: int = 0) -> None:
        self._now = check_utc(start)
        self._monotonic_ms = monotonic_ms

    def now(self) -> datetime:
        return self._now

    def monotonic_ms(self) -> int:
        return self._monotonic_ms

    def advance(self, seconds: float) -> None:
        """Move both clocks forward by `seconds` (≥ 0)."""
        if seconds < 0:
            raise ValueError("a clock advances; to set wall time back use set_wall")
        self._now += timedelta(seconds=seconds)
        self._monotonic_ms += round(seconds * 1000)

    def set_wall(self, now: datetime) -> None:
        """Set wall time alone, as NTP or a person does; monotonic time is untouched."""
        self._now = check_utc(now)


def check_utc(value: datetime) -> datetime:
    """Return `value`; raise ValueError unless it is aware and in UTC."""
    if value.tzinfo is None or value.utcoffset() != timedelta(0):
        raise ValueError(f"an aware UTC time is needed, not {value!r}")
    return value


def to_ms(value: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00:00Z, rounded down."""
    return (check_utc(value) - _EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """The aware UTC time of `ms` milliseconds since the Unix epoch."""
    return _EPOCH + timedelta(milliseconds=ms)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
