"""A work item as a value: its states, the acts that move it, its history, and the queue's times. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from server.alerts.model import Certainty, Hazard, Quiet, Severity


class State(StrEnum):
    """Where a work item stands."""

    SUSPECTED = "suspected"
    """One source says so; nobody has it yet."""
    OPEN = "open"
    """Confirmed, or reported by a person; nobody has it yet."""
    CLAIMED = "claimed"
    """Somebody is on the way; the lease runs."""
    ON_SCENE = "on_scene"
    """The owner has arrived."""
    RESOLVED = "resolved"
    """Dealt with; the undo window runs."""
    FALSE_ALARM = "false_alarm"
    """It was nothing; the undo window runs."""
    CLOSED = "closed"
    """In the ledger; the next trigger raises anew."""


class Act(StrEnum):
    """What is done to a work item; the value stands in its history."""

    CLAIM = "claim"
    """A person takes it on."""
    RENEW = "renew"
    """The owner is still at it."""
    RELEASE = "release"
    """The owner gives it back to the queue."""
    ON_SCENE = "on_scene"
    """The owner has arrived."""
    RESOLVE = "resolve"
    """The owner (or, where nobody need look, the engine) has dealt with it."""
    FALSE_ALARM = "false_alarm"
    """The owner found that it was nothing."""
    UNDO = "undo"
    """The owner takes back a resolve or false alarm."""
    CLOSE = "close"
    """The item goes into the ledger."""
    COMMENT = "comment"
    """A person adds a note."""
    RAISE = "raise"
    """The engine raised the alert."""
    REPEAT = "repeat"
    """The alert was triggered again."""
    UPGRADE = "upgrade"
    """The engine became surer, or it became more urgent."""
    REOPEN = "reopen"
    """It was triggered again inside the undo window."""
    CONDITION_ENDED = "condition_ended"
    """What raised it ended; somebody still has to look."""
    LAPSE = "lapse"
    """The claim ran out."""
    NOT_DONE = "not_done"
    """A person's act that was made without network, and lost when it arrived."""


FREE = frozenset({State.SUSPECTED, State.OPEN})
HELD = frozenset({State.CLAIMED, State.ON_SCENE})
SETTLED = frozenset({State.RESOLVED, State.FALSE_ALARM})

PEOPLES_ACTS = (
    Act.CLAIM,
    Act.RENEW,
    Act.RELEASE,
    Act.ON_SCENE,
    Act.RESOLVE,
    Act.FALSE_ALARM,
    Act.UNDO,
    Act.CLOSE,
    Act.COMMENT,
)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """An alert (or a person's report, `alert` None) as it stands in a grid's queue.

    `number` is 0 until it is stored. `version` counts changes of state, severity, owner and quiet, not repeats, so that
    a person's act is not refused because a detector rang again. `exercise` is '' for what is real.
    """

    id: str
    alert: str | None
    exercise: str
    grid: str
    site: str
    place: str
    hazard: Hazard
    severity: Severity
    certainty: Certainty
    state: State
    opened_at: datetime
    deadline_at: datetime
    last_at: datetime
    number: int = 0
    quiet: Quiet | None = None
    owner: str | None = None
    lease_until: datetime | None = None
    settled_from: State | None = None
    outcome: State | None = None
    closes_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    count: int = 1
    version: int = 1

    @property
    def name(self) -> str:
        """How texts call it: its number once it has one."""
        return f"item {self.number}" if self.number else f"item {self.id}"

    @property
    def resting(self) -> State:
        """Its state when nobody holds it."""
        return State.OPEN if self.certainty is Certainty.CONFIRMED else State.SUSPECTED


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an item's history: who, when, what, from and to which state, why. Never changed."""

    item: str
    at: datetime
    actor: str
    act: Act
    from_state: State | None
    to_state: State
    version: int
    reason: str = ""
    level: str = "grid"
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transition:
    """What an act makes of an item, and what goes into its history."""

    item: WorkItem
    entries: tuple[Entry, ...]
