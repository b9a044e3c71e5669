"""What a detector says, whatever radio or bus carried it: plain values for the policy."""

from dataclasses import dataclass

from edge.agent.policy.event_data import Action, Gas
from redwhistle.contracts.events import EventKind
from redwhistle.contracts.readings import Metric


@dataclass(frozen=True, slots=True)
class Condition:
    """An alarm as the device says it. `key` tells apart two of one kind; `gas` None: that of the rules."""

    kind: EventKind
    value: bool
    key: str
    note: str | None = None
    gas: Gas | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """A button was pressed."""

    action: Action
    note: str | None = None


@dataclass(frozen=True, slots=True)
class DetectorReport:
    """One message of a detector; None: not said. `readings` are (metric, value) within `READING_LIMITS`.

    `kind`: what the device is for; a test without an alarm beside it is of this kind. `implausible`: metrics whose
    value cannot be, which is a fault of the device and never an alarm.
    """

    conditions: tuple[Condition, ...] = ()
    presses: tuple[Press, ...] = ()
    kind: EventKind | None = None
    test: bool | None = None
    tamper: bool | None = None
    fault: bool | None = None
    battery_low: bool | None = None
    battery_pct: float | None = None
    readings: tuple[tuple[Metric, float], ...] = ()
    implausible: tuple[Metric, ...] = ()
