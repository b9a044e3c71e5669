"""Which actuators an alarm drives here and now, with no network and no server. Pure.

A test never drives anything. An event of an exercise drives only what that exercise was permitted to (`permit`).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, model_validator

from edge.agent.observation import EventSeen
from edge.agent.orders import Act, Order
from edge.agent.policy.rules import Rules, Seconds
from redwhistle.contracts.events import EventKind
from redwhistle.contracts.ids import DeviceId, PlaceId, Text

Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A language tag: `zh`, `ii` (Yi), `hmn` (Miao), `lis` (Lisu), `en`."""
ReflexKind = Literal[
    EventKind.SMOKE,
    EventKind.HEAT,
    EventKind.GAS,
    EventKind.MANUAL_CALL,
    EventKind.FLAME_SEEN,
    EventKind.SMOKE_SEEN,
    EventKind.CROWD_FORMED,
    EventKind.LOITERING,
    EventKind.GATE_FORCED,
    EventKind.GATE_HELD_OPEN,
    EventKind.SOS,
    EventKind.WATER_LEVEL,
    EventKind.VIBRATION,
    EventKind.TAMPER,
]
"""What a reflex can answer to. A device's fault is none of them: a failing siren must not drive a siren."""
_MOMENTS = frozenset({EventKind.SOS})
"""Kinds that have no end: each is a new cause, also under a silence."""
_CAUSES_KEPT = 2000


def _read_act(value: object) -> object:
    """YAML reads an unquoted `on` as true: people write it, so it is taken."""
    return {True: Act.ON, False: Act.OFF}[value] if isinstance(value, bool) else value


class DoRules(Rules):
    """One thing to do."""

    actuator: DeviceId
    act: Annotated[Act, BeforeValidator(_read_act)] = Act.ON
    for_s: Seconds | None = None
    """As long as the actuator allows where it is not said."""
    message: Word | None = None
    text: Text | None = None
    languages: tuple[Language, ...] = Field(default=(), max_length=16)

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.act is Act.SPEAK and self.message is None and self.text is None:
            raise ValueError(f"{self.actuator}: to speak, give a message or a text")
        return self


class ReflexRules(Rules):
    """When one of these happens, at one of these devices or places where they are given, do all of that."""

    name: Word
    when: tuple[ReflexKind, ...] = Field(min_length=1, max_length=16)
    devices: tuple[DeviceId, ...] = Field(default=(), max_length=1000)
    places: tuple[PlaceId, ...] = Field(default=(), max_length=1000)
    do: tuple[DoRules, ...] = Field(min_length=1, max_length=32)
    off_when_over: bool = False
    """Turn it off when all that began it is over; otherwise it ends by its time, or by a person. What another rule or a
    command holds on stays on."""

    def answers(self, seen: EventSeen) -> bool:
        """Whether this event is one of its own."""
        if seen.kind not in self.when:
            return False
        if not self.devices and not self.places:
            return True
        return seen.device in self.devices or (seen.place is not None and seen.place in self.places)


class Cause(NamedTuple):
    """Why a reflex fired."""

    device: str
    kind: EventKind
    exercise: str | None


@dataclass(frozen=True, slots=True)
class Silence:
    """Of one actuator: these causes do not sound it again before `until_ms` (monotonic)."""

    until_ms: int
    causes: frozenset[Cause]


@dataclass(frozen=True, slots=True)
class Permit:
    """What the reflexes may drive for one exercise, until `until_ms`."""

    actuators: frozenset[str]
    until_ms: int


@dataclass(frozen=True, slots=True)
class ReflexState:
    """`active`: alarms that last, the newest last."""

    active: tuple[Cause, ...] = ()
    silences: Mapping[str, Silence] = field(default_factory=dict)
    permits: Mapping[str, Permit] = field(default_factory=dict)


def decide(
    rules: Collection[ReflexRules], state: ReflexState, seen: EventSeen
) -> tuple[ReflexState, tuple[Order, ...]]:
    """Take one event and say what to do."""
    if seen.test:
        return state, ()
    cause = Cause(seen.device, seen.kind, seen.exercise)
    if not seen.data.active:
        return _over(rules, state, seen, cause)
    now_ms = seen.moment.mono_ms
    fitting = [rule for rule in rules if rule.answers(seen)]
    orders = tuple(
        _order(rule, do, seen.exercise)
        for rule in fitting
        for do in rule.do
        if is_permitted(state, do.actuator, seen.exercise, now_ms)
        and not _is_silenced(state, do.actuator, cause, now_ms)
    )
    if fitting and cause not in state.active and seen.kind not in _MOMENTS:
        state = replace(state, active=(*state.active, cause)[-_CAUSES_KEPT:])
    return state, orders


def permit(
    state: ReflexState, exercise: str, actuators: Iterable[str], for_s: float, now_ms: int
) -> ReflexState:
    """From now on the reflexes may drive `actuators` for `exercise`; it replaces what was permitted before."""
    kept = {name: each for name, each in state.permits.items() if each.until_ms > now_ms}
    kept[exercise] = Permit(frozenset(actuators), now_ms + round(for_s * 1000))
    return replace(state, permits=kept)


def silence(
    state: ReflexState, actuators: Iterable[str], for_s: float, now_ms: int
) -> tuple[ReflexState, tuple[Order, ...]]:
    """Stop `actuators`; what is going on now does not start them again, what is new does."""
    causes = frozenset(state.active)
    until_ms = now_ms + round(for_s * 1000)
    named = tuple(actuators)
    silences = {**state.silences, **{each: Silence(until_ms, causes) for each in named}}
    return replace(state, silences=silences), tuple(Order(each, Act.OFF, "silenced") for each in named)


def is_permitted(state: ReflexState, actuator: str, exercise: str | None, now_ms: int) -> bool:
    """Whether an event of `exercise` (None: a real one) may drive `actuator`."""
    if exercise is None:
        return True
    permitted = state.permits.get(exercise)
    return permitted is not None and now_ms < permitted.until_ms and actuator in permitted.actuators


def _is_silenced(state: ReflexState, actuator: str, cause: Cause, now_ms: int) -> bool:
    silenced = state.silences.get(actuator)
    return silenced is not None and now_ms < silenced.until_ms and cause in silenced.causes


def _over(
    rules: Collection[ReflexRules], state: ReflexState, seen: EventSeen, cause: Cause
) -> tuple[ReflexState, tuple[Order, ...]]:
    if cause not in state.active:
        return state, ()
    silences = {name: replace(each, causes=each.causes - {cause}) for name, each in state.silences.items()}
    state = replace(state, active=tuple(each for each in state.active if each != cause), silences=silences)
    orders: list[Order] = []
    for rule in rules:
        if not rule.off_when_over or not rule.answers(seen) or _still_has(rule, state, seen.exercise):
            continue
        orders.extend(
            Order(do.actuator, Act.OFF, f"{rule.name}: over", exercise=seen.exercise, ends=_cause_of(rule))
            for do in rule.do
            if is_permitted(state, do.actuator, seen.exercise, seen.moment.mono_ms)
            and not any(
                _drives(other, do.actuator) and _still_has(other, state, seen.exercise)
                for other in rules
                if other is not rule
            )
        )
    return state, tuple(orders)


def _drives(rule: ReflexRules, actuator: str) -> bool:
    return any(do.actuator == actuator and do.act is not Act.OFF for do in rule.do)


def _cause_of(rule: ReflexRules) -> str:
    return f"reflex {rule.name}"


def _still_has(rule: ReflexRules, state: ReflexState, exercise: str | None) -> bool:
    """Whether another alarm of a kind of this rule lasts; its place is not kept, so any device counts when in doubt."""
    return any(
        each.kind in rule.when
        and each.exercise == exercise
        and (bool(rule.places) or not rule.devices or each.device in rule.devices)
        for each in state.active
    )


def _order(rule: ReflexRules, do: DoRules, exercise: str | None) -> Order:
    return Order(
        actuator=do.actuator,
        act=do.act,
        cause=_cause_of(rule),
        for_s=do.for_s,
        message=do.message,
        text=do.text,
        languages=do.languages,
        exercise=exercise,
    )
