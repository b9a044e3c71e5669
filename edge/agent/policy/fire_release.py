"""On a fire alarm the gates must open: whether each did, in time. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pydantic import Field

from edge.agent.observation import EventSeen, Moment
from edge.agent.policy.reflex import ReflexKind
from edge.agent.policy.rules import Rules, Seconds, passed_s
from redwhistle.contracts.events import DeviceData, EventKind, GateData
from redwhistle.contracts.ids import DeviceId, PlaceId

RELEASED = "fire_release"
NOT_RELEASED = "fire_release_failed"
_FIRE: tuple[ReflexKind, ...] = (EventKind.SMOKE, EventKind.HEAT, EventKind.MANUAL_CALL)
_AGAIN_S = 600.0
"""While one fire goes on, its repeats begin no further check."""


class ReleaseRules(Rules):
    """These gates must be open `within_s` of a fire alarm."""

    gates: tuple[DeviceId, ...] = Field(min_length=1, max_length=100)
    within_s: Seconds = 10.0
    when: tuple[ReflexKind, ...] = Field(default=_FIRE, min_length=1, max_length=16)
    devices: tuple[DeviceId, ...] = Field(default=(), max_length=1000)
    places: tuple[PlaceId, ...] = Field(default=(), max_length=1000)
    released_by: DeviceId | None = None
    """The actuator that opens them: in a drill they are watched only when the drill names it."""

    def answers(self, seen: EventSeen) -> bool:
        """Whether this event must open the gates."""
        if seen.kind not in self.when or seen.test or not seen.data.active:
            return False
        if not self.devices and not self.places:
            return True
        return seen.device in self.devices or seen.place in self.places


@dataclass(frozen=True, slots=True)
class Check:
    """Of one gate, begun by an alarm at `since_ms` (monotonic). `failed`: it was said that it did not open."""

    since_ms: int
    within_s: float
    exercise: str | None
    done: bool = False
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseState:
    """`open`: by gate, as it last said. `closes`: gates that have been heard to close, so that an earlier opening of
    theirs can be believed: a controller that never says closed would seem to stand open for ever."""

    open: Mapping[str, bool] = field(default_factory=dict)
    closes: frozenset[str] = frozenset()
    checks: Mapping[str, Check] = field(default_factory=dict)


def hear_alarm(
    rules: ReleaseRules, state: ReleaseState, seen: EventSeen
) -> tuple[ReleaseState, tuple[EventSeen, ...]]:
    """A fire alarm came: watch its gates. A gate that stands open already has passed."""
    said: list[EventSeen] = []
    now_ms = seen.moment.mono_ms
    for gate in rules.gates:
        before = state.checks.get(gate)
        same = before is not None and before.exercise == seen.exercise
        if before is not None and same and passed_s(before.since_ms, now_ms) < _AGAIN_S:
            continue
        check = Check(now_ms, rules.within_s, seen.exercise)
        if state.open.get(gate) and gate in state.closes:
            said.append(_opened(gate, check, seen.moment))
            check = replace(check, done=True)
        state = replace(state, checks={**state.checks, gate: check})
    return state, tuple(said)


def hear_gate(
    state: ReleaseState, gate: str, is_open: bool, moment: Moment
) -> tuple[ReleaseState, tuple[EventSeen, ...]]:
    """A gate says whether it is open."""
    closes = state.closes if is_open else state.closes | {gate}
    state = replace(state, open={**state.open, gate: is_open}, closes=closes)
    check = state.checks.get(gate)
    if check is None or check.done or not is_open:
        return state, ()
    said = [_opened(gate, check, moment)]
    if check.failed:
        data = DeviceData(active=False, code=NOT_RELEASED)
        said.append(EventSeen(gate, EventKind.DEVICE_FAULT, data, moment, exercise=check.exercise))
    return replace(state, checks={**state.checks, gate: replace(check, done=True)}), tuple(said)


def tick(state: ReleaseState, moment: Moment) -> tuple[ReleaseState, tuple[EventSeen, ...]]:
    """Let time pass: a gate that has not opened in time is a fault, said once."""
    said: list[EventSeen] = []
    checks = dict(state.checks)
    for gate, check in state.checks.items():
        late = passed_s(check.since_ms, moment.mono_ms) >= check.within_s
        if check.done or check.failed or not late:
            continue
        checks[gate] = replace(check, failed=True)
        note = (
            f"火警后门禁 {check.within_s:g} 秒内未打开 / the gate did not open within {check.within_s:g} s of the fire "
            "alarm: open it by hand"
        )
        data = DeviceData(code=NOT_RELEASED, note=note)
        said.append(EventSeen(gate, EventKind.DEVICE_FAULT, data, moment, exercise=check.exercise))
    return (replace(state, checks=checks), tuple(said)) if said else (state, ())


def gates_of(rules: Iterable[ReleaseRules]) -> frozenset[str]:
    """Every gate that is watched."""
    return frozenset(gate for rule in rules for gate in rule.gates)


def _opened(gate: str, check: Check, moment: Moment) -> EventSeen:
    after_s = passed_s(check.since_ms, moment.mono_ms)
    data = GateData(
        reason=RELEASED, note=f"火警后 {after_s:.1f} 秒门已打开 / open {after_s:.1f} s after the fire alarm"
    )
    return EventSeen(gate, EventKind.GATE_OPENED, data, moment, exercise=check.exercise)
