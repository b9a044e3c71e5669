"""What a step writes down: alerts, their log, suppressions, states; and what it starts from. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.alerts.model import Certainty, Hazard, Quiet, Severity
from server.alerts.work_item import Entry, WorkItem

SiteKey = tuple[str, str]
"""Site and exercise ('' is what is real)."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as it is stored."""

    id: str
    site: str
    exercise: str
    hazard: Hazard
    severity: Severity
    certainty: Certainty
    place: str
    rule: str
    pack_hash: str
    device: str
    first_item: str
    happened_at: datetime
    raised_at: datetime
    last_at: datetime
    condition_ended_at: datetime | None = None
    late_ms: int = 0
    count: int = 1
    quiet: Quiet | None = None
    quiet_by: str | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One decision about an alert: the answer to "why did this fire?"."""

    alert: str
    at: datetime
    happened_at: datetime
    decision: str
    item: str
    device: str
    severity: Severity | None
    certainty: Certainty | None
    quiet: Quiet | None
    quiet_by: str | None
    why: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SuppressionEntry:
    """An item that raised nothing: the answer to "why was nobody told?"."""

    at: datetime
    happened_at: datetime
    site: str
    exercise: str
    item: str
    device: str
    reason: Quiet
    rule: str
    detail: str


@dataclass(frozen=True, slots=True)
class StateToSave:
    """A site's engine state after a step. `hot` are "device|metric" texts."""

    site: str
    exercise: str
    pack_hash: str
    text: str
    hot: tuple[str, ...]
    wake_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert and its work item as they stand in the store, both locked."""

    alert: Alert
    item: WorkItem


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an alert at some place is stored and queued: the place itself (or its site where nobody knows it), its grid."""

    place: str
    grid: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that one step writes, in one transaction."""

    at: datetime
    new_alerts: tuple[Alert, ...] = ()
    changed_alerts: tuple[Alert, ...] = ()
    log: tuple[LogEntry, ...] = ()
    suppressions: tuple[SuppressionEntry, ...] = ()
    new_items: tuple[WorkItem, ...] = ()
    changed_items: tuple[WorkItem, ...] = ()
    history: tuple[Entry, ...] = ()
    states: tuple[StateToSave, ...] = ()

    @property
    def empty(self) -> bool:
        """True when there is nothing to write."""
        return not (self.log or self.suppressions or self.new_items or self.changed_items or self.states)
