"""How long to wait before trying a lost connection again: doubling, bounded, from the start after a success. Pure."""

from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """`fail()` gives the seconds to wait; `succeed()` starts over."""

    first_s: float = 0.2
    limit_s: float = 5.0
    _next_s: float = 0.0

    def fail(self) -> float:
        """Seconds to wait after one more failure."""
        self._next_s = min(self._next_s * 2 or self.first_s, self.limit_s)
        return self._next_s

    def succeed(self) -> None:
        """The next failure waits the shortest time again."""
        self._next_s = 0.0
