"""What holds at a fire panel: each condition of each device latched by itself, tests apart from the real thing. Pure."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from edge.agent.observation import EventSeen, Moment
from edge.agent.policy import latch as latches
from edge.agent.policy.latch import Latch, LatchRules, Turn
from redwhistle.contracts.events import (
    DeviceData,
    EventData,
    EventKind,
    GasData,
    HeatData,
    SeenData,
    SmokeData,
)

MAX_HELD = 4096
System = tuple[int, int]
"""Type and address of a fire system."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What holds where. `system` None: the transmitter's own; `summary`: said by a controller, not by a detector."""

    device: str
    kind: EventKind
    code: str
    system: System | None = None
    source: int = 0
    """Distinguishes components that are one device."""
    summary: bool = False
    test: bool = False


class Conditions:
    """Conditions that hold now; one that is over is forgotten. Bounded: beyond `MAX_HELD` the oldest is forgotten."""

    def __init__(self) -> None:
        self._held: OrderedDict[Condition, tuple[Latch, LatchRules, str | None]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def hear(
        self,
        condition: Condition,
        value: bool,
        rules: LatchRules,
        moment: Moment,
        note: str | None = None,
        place: str | None = None,
    ) -> list[EventSeen]:
        """Take a report; say it when it begins, when it is repeated after a while, and when it ends."""
        latch, rules, place = self._held.get(condition, (Latch(), rules, place))
        latch, turn = latches.hear(rules, latch, value, moment.mono_ms)
        self._keep(condition, latch, rules, place)
        return self._say(condition, turn, place, moment, note)

    def end(
        self, which: Callable[[Condition], bool], moment: Moment, note: str | None = None
    ) -> list[EventSeen]:
        """Somebody reset the panel: these are over, whatever their hold time."""
        said: list[EventSeen] = []
        for condition in [each for each in self._held if which(each)]:
            _, _, place = self._held.pop(condition)
            said += self._say(condition, Turn.ENDED, place, moment, note)
        return said

    def tick(self, moment: Moment) -> list[EventSeen]:
        """Let time pass: conditions whose hold time is over end."""
        said: list[EventSeen] = []
        for condition, (latch, rules, place) in list(self._held.items()):
            latch, turn = latches.tick(rules, latch, moment.mono_ms)
            self._keep(condition, latch, rules, place)
            said += self._say(condition, turn, place, moment, None)
        return said

    def holds(self, which: Callable[[Condition], bool]) -> bool:
        """Whether any condition that holds is such a one."""
        return any(which(each) for each in self._held)

    def _keep(self, condition: Condition, latch: Latch, rules: LatchRules, place: str | None) -> None:
        if not latch.active:
            self._held.pop(condition, None)
            return
        self._held[condition] = (latch, rules, place)
        if len(self._held) > MAX_HELD:
            self._held.popitem(last=False)

    def _say(
        self, condition: Condition, turn: Turn | None, place: str | None, moment: Moment, note: str | None
    ) -> list[EventSeen]:
        if turn is None:
            return []
        active = turn is not Turn.ENDED
        if not active and self.holds(lambda other: _is_one(other, condition)):
            return []  # another system or component of the same device still says so
        data = _data(condition, active, note)
        return [EventSeen(condition.device, condition.kind, data, moment, test=condition.test, place=place)]


def _is_one(one: Condition, other: Condition) -> bool:
    return (one.device, one.kind, one.code, one.test) == (other.device, other.kind, other.code, other.test)


def _data(condition: Condition, active: bool, note: str | None) -> EventData:
    match condition.kind:
        case EventKind.SMOKE:
            return SmokeData(active=active, note=note)
        case EventKind.HEAT:
            return HeatData(active=active, note=note)
        case EventKind.GAS:
            return GasData(active=active, note=note)
        case EventKind.FLAME_SEEN:
            return SeenData(active=active, note=note, score=1.0)
        case EventKind.DEVICE_FAULT:
            return DeviceData(active=active, note=note, code=condition.code)
        case _:
            return EventData(active=active, note=note)
