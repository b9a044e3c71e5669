"""Readings that wait in memory for the next flush."""

import threading

from edge.agent.observation import ReadingSeen


class HeldReadings:
    """At most `limit`; beyond that the oldest go and are counted. Safe from any thread."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: list[ReadingSeen] = []
        self._lost = 0
        self._lock = threading.Lock()

    def add(self, seen: ReadingSeen) -> int:
        """Hold one; return how many are held now."""
        with self._lock:
            self._rows.append(seen)
            if len(self._rows) > self._limit:
                spare = max(self._limit // 50, 1)
                del self._rows[:spare]
                self._lost += spare
            return len(self._rows)

    def count_lost(self, count: int = 1) -> None:
        """Count items that never came so far as to be held."""
        with self._lock:
            self._lost += count

    def take(self, limit: int) -> tuple[list[ReadingSeen], int]:
        """Remove and return the oldest `limit` readings, and how many were lost before them."""
        with self._lock:
            rows, self._rows = self._rows[:limit], self._rows[limit:]
            lost, self._lost = self._lost, 0
            return rows, lost

    def put_back(self, rows: list[ReadingSeen], lost: int) -> None:
        """Undo `take`: the disk refused them."""
        with self._lock:
            self._rows = rows + self._rows
            over = max(len(self._rows) - self._limit, 0)
            del self._rows[:over]
            self._lost += lost + over

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def lost(self) -> int:
        """Lost and not yet declared."""
        return self._lost
