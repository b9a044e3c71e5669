"""One step in the making: tables that copy themselves on the first change, the decisions, and the next wake-up."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar
from uuid import UUID

from redwhistle.contracts.wire import MS_MAX
from server.alerts.engine.state import MAX_WINDOWS, Known, Mark, SiteState
from server.alerts.engine.stored import hot_of
from server.alerts.model import Decision, Quiet, Subject, Suppressed
from server.alerts.rules.pack import Pack

V = TypeVar("V")
NAMESPACE = UUID("5c1f7f0e-6a3f-5d0f-9b53-0b6d1f1b2d4e")
"""Of alert ids."""


class Table(Generic[V]):
    """A mapping of the state, copied when it is first changed; a change to an equal value is none."""

    __slots__ = ("changed", "rows")

    def __init__(self, rows: Mapping[str, V]) -> None:
        self.rows: Mapping[str, V] = rows
        self.changed = False

    def get(self, key: str) -> V | None:
        return self.rows.get(key)

    def put(self, key: str, value: V) -> None:
        if self.rows.get(key) == value:
            return
        self._own()[key] = value

    def drop(self, key: str) -> None:
        if key in self.rows:
            del self._own()[key]

    def sorted(self) -> Iterable[tuple[str, V]]:
        """A copy, in the order of the keys: the same after a state was stored and loaded."""
        return sorted(self.rows.items(), key=_first)

    def _own(self) -> dict[str, V]:
        if not self.changed:
            self.rows = dict(self.rows)
            self.changed = True
        assert isinstance(self.rows, dict)  # noqa: S101 (made so above)
        return self.rows


class Draft:
    """What one call of `decide` reads, changes and says. `item_id` and `at_ms` are the item's."""

    __slots__ = (
        "alerts",
        "at_ms",
        "boxes",
        "decisions",
        "failed",
        "item_id",
        "late_ms",
        "levels",
        "now_ms",
        "pack",
        "raised",
        "seen",
        "silences",
        "state",
        "told",
        "touched",
        "troubles",
        "wake_at_ms",
        "windows",
    )

    def __init__(
        self, pack: Pack, state: SiteState, item_id: str, at_ms: int, now_ms: int, late_ms: int = 0
    ) -> None:
        self.pack = pack
        self.state = state
        self.now_ms = clamp(now_ms, MS_MAX)
        self.at_ms = clamp(at_ms, self.now_ms)
        self.late_ms = max(late_ms, 0)
        self.item_id = item_id
        self.alerts = Table(state.alerts)
        self.levels = Table(state.levels)
        self.seen = Table(state.seen)
        self.boxes = Table(state.boxes)
        self.windows = Table(state.windows)
        self.silences = Table(state.silences)
        self.told = Table(state.told)
        self.failed = Table(state.failed)
        self.raised = state.raised
        self.wake_at_ms = state.wake_at_ms
        self.decisions: list[Decision] = []
        self.touched: set[str] = set()
        """Alerts that this item raised, repeated or upgraded already."""
        self.troubles: list[tuple[str, str]] = []
        """Rules that failed in this step, and how."""

    def wake(self, at_ms: int) -> None:
        """Ask to be woken at `at_ms` at the latest."""
        if self.wake_at_ms is None or at_ms < self.wake_at_ms:
            self.wake_at_ms = at_ms

    def suppress(self, reason: Quiet, known: Known, rule: str, detail: str) -> None:
        """Say why this item raised nothing."""
        self.decisions.append(
            Suppressed(self.item_id, known.device, self.at_ms, reason, rule, clean_text(detail))
        )

    def fail(self, rule: str, error: str) -> None:
        """Note that a rule gave no answer; it becomes an alert at the end of the step."""
        if all(rule != other for other, _ in self.troubles):
            self.troubles.append((rule, error))

    def mark(self, key: str, mark: Mark, keep: int) -> tuple[Mark, ...]:
        """Put a mark into a window, in order of time, and return the window; beyond `keep` the oldest go.

        Marks ahead of now are left out: the clock was set back since, and they would count as the newest for ever.
        """
        marks = (*(m for m in self.windows.get(key) or () if m.at_ms <= self.now_ms), mark)
        marks = tuple(sorted(marks, key=_by_time)[-keep:])
        if key not in self.windows.rows and len(self.windows.rows) >= MAX_WINDOWS:
            oldest = min(self.windows.rows.items(), key=_by_last_mark)
            self.windows.drop(oldest[0])
        self.windows.put(key, marks)
        return marks

    def finish(self) -> SiteState:
        """The next state; the one given when nothing changed."""
        state = self.state
        tables = (
            self.alerts,
            self.levels,
            self.seen,
            self.boxes,
            self.windows,
            self.silences,
            self.told,
            self.failed,
        )
        if (
            self.wake_at_ms == state.wake_at_ms
            and state.pack in ("", self.pack.hash)
            and not any(table.changed for table in tables)
        ):
            return state
        return SiteState(
            state.site,
            state.exercise,
            self.pack.hash,
            self.raised,
            self.wake_at_ms,
            self.alerts.rows,
            self.levels.rows,
            self.seen.rows,
            self.boxes.rows,
            self.windows.rows,
            self.silences.rows,
            self.told.rows,
            self.failed.rows,
            hot_of(self.levels.rows) if self.levels.changed else state.hot,
        )

    def alert_id(self, hazard: str, place: str) -> str:
        """UUIDv5 of (site, exercise, hazard, place, first item, serial number): the same in every replay.

        The serial number keeps an item that is seen twice, around a close, from naming two alerts alike.
        """
        name = json.dumps([self.state.site, self.state.exercise, hazard, place, self.item_id, self.raised])
        digest = hashlib.sha1(NAMESPACE.bytes + name.encode(), usedforsecurity=False).digest()
        return str(UUID(bytes=digest[:16], version=5))


def clamp(at_ms: int, latest_ms: int) -> int:
    """No time before 1970 and none in the future: an absurd clock must neither crash nor outlast the others."""
    return 0 if at_ms < 0 else min(at_ms, latest_ms)


def known_of(subject: Subject) -> Known:
    """The part of a subject that rules ask for, with a place in any case."""
    place = subject.place or (subject.path[-1] if subject.path else subject.site)
    path = subject.path
    if not path or path[-1] != place:
        path = (*path[: path.index(place)], place) if place in path else (*path, place)
    return Known(subject.device, subject.box, subject.kind, place, path, subject.tags, subject.timezone)


def clean_text(value: object) -> str:
    """At most 300 characters without control characters and lone surrogates: what a database takes."""
    text = str(value)[:300]
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " for c in text)


def clean_value(value: Any) -> Any:
    """A JSON scalar; anything else as text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)[:40]
    if isinstance(value, float):
        return value if value - value == 0.0 else str(value)
    return clean_text(value)


def _first(row: tuple[str, Any]) -> str:
    return row[0]


def _by_time(mark: Mark) -> tuple[int, str, str, int]:
    return mark.at_ms, mark.device, mark.item, mark.step


def _by_last_mark(row: tuple[str, tuple[Mark, ...]]) -> tuple[int, str]:
    return row[1][-1].at_ms if row[1] else 0, row[0]
