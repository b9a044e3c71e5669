"""What a rule pack may say: the shape of the YAML, one model per type of rule.

Lengths of time are seconds (`_s`), values carry the unit of their metric. Unknown fields are refused, so that a
misspelt limit is an error and not a limit that never holds.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from redwhistle.contracts.events import EventKind
from redwhistle.contracts.readings import Metric
from redwhistle.contracts.state import DeviceKind
from server.alerts.model import LIFE_SAFETY, Certainty, Hazard, Severity

RESERVED = frozenset({"plain", "doubt", "engine"})
"""Names of the rules that are built in."""
MAX_RULES = 500
MAX_CONDITION = 500
"""Characters of one CEL expression."""

RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$")]
"""1–48 lower-case letters, digits and '-'."""
Expression = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CONDITION)]
"""A CEL condition over item, device, place and local (docs/rules.md)."""
Title = Annotated[str, StringConstraints(min_length=1, max_length=80)]
WindowS = Annotated[float, Field(gt=0, le=86_400)]
Limit = Annotated[float, Field(ge=-1e9, le=1e9)]


def _by_value(kind: type[Any]) -> BeforeValidator:
    """YAML has no enums: take the value, and say which values there are when it is none of them."""

    def convert(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            return value
        try:
            return kind(value)
        except ValueError:
            known = ", ".join(str(member.value) for member in kind)
            raise ValueError(f"{value!r} is not known; use one of: {known}") from None

    return BeforeValidator(convert)


Kind = Annotated[EventKind, _by_value(EventKind)]
Kinds = Annotated[list[Kind], Field(min_length=1, max_length=32)]
Grade = Annotated[Severity, _by_value(Severity)]


class Part(BaseModel):
    """The root of all parts of a pack."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Names(Part):
    """What people read: Chinese first, English second."""

    zh: Title
    en: Title


class RuleSpec(Part):
    """What every rule says. Repeats within `cooldown_s` of an announcement are counted and not announced."""

    id: RuleId
    hazard: Annotated[Hazard, _by_value(Hazard)]
    severity: Grade
    title: Names
    cooldown_s: Annotated[float, Field(ge=0, le=86_400)] = 300.0
    resolves: bool = False
    """The alert resolves by itself when its conditions end; never for what threatens lives."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.id in RESERVED:
            raise ValueError(f"the id {self.id!r} is built in; choose another")
        if self.resolves and self.hazard in LIFE_SAFETY:
            raise ValueError(
                f"resolves: an alert of hazard {self.hazard} is ended by a person only; remove it"
            )
        if self.resolves and isinstance(self, MOMENTARY):
            raise ValueError("resolves: nothing can end what this type of rule finds; remove it")
        return self


class GradeOverride(Part):
    """At key places or hours the same event is more (or less) urgent."""

    when: Expression
    severity: Grade


class TriggerSpec(RuleSpec):
    """An event of one of `kinds` raises the alert; `active: false`, or a kind of `ended_by`, ends its condition."""

    type: Literal["trigger"]
    kinds: Kinds
    when: Expression | None = None
    certainty: Annotated[Certainty, _by_value(Certainty)] = Certainty.SUSPECTED
    ended_by: Annotated[list[Kind], Field(max_length=8)] = []
    overrides: Annotated[list[GradeOverride], Field(max_length=16)] = []


class LimitOverride(Part):
    """At key places or hours another limit holds; the first whose condition is met counts."""

    when: Expression
    above: Limit | None = None
    below: Limit | None = None
    clear: Limit | None = None
    severity: Grade | None = None


class ThresholdSpec(RuleSpec):
    """A value at or `above` (or at or `below`) a limit for `for_s`; it ends past `clear`, and not between the two."""

    type: Literal["threshold"]
    metric: Annotated[Metric, _by_value(Metric)]
    above: Limit | None = None
    below: Limit | None = None
    clear: Limit | None = None
    for_s: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    when: Expression | None = None
    overrides: Annotated[list[LimitOverride], Field(max_length=16)] = []

    @model_validator(mode="after")
    def _check_limits(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("give either above or below")
        _check_clear(self.above, self.below, self.clear)
        for index, override in enumerate(self.overrides):
            wrong = override.below if self.below is None else override.above
            right = override.above if self.below is None else override.below
            if wrong is not None:
                raise ValueError(
                    f"overrides.{index}: the rule and its overrides look to the same side of a limit"
                )
            if right is None and (override.severity is None or override.clear is not None):
                raise ValueError(f"overrides.{index}: give a limit, a severity or both")
            _check_clear(override.above, override.below, override.clear)
        return self


class CountSpec(RuleSpec):
    """`n` events of `kinds` within `window_s` at one device or place."""

    type: Literal["count"]
    kinds: Kinds
    when: Expression | None = None
    n: Annotated[int, Field(ge=2, le=1000)]
    window_s: WindowS
    per: Literal["device", "place"] = "device"


class AbsenceSpec(RuleSpec):
    """Dead man: nothing heard of a device for `factor` times its regular silence."""

    type: Literal["absence"]
    device_kinds: Annotated[list[Annotated[DeviceKind, _by_value(DeviceKind)]], Field(max_length=32)] = []
    """Empty: all."""
    factor: Annotated[float, Field(gt=1, le=100)] = 2.3
    heartbeat_s: Annotated[float, Field(gt=0, le=30 * 86_400)] | None = None
    """For devices that name none of their own; without it such devices are not watched."""


class Step(Part):
    """One step of a sequence."""

    kinds: Kinds
    when: Expression | None = None


Scope = Literal["device", "place", "building", "compound"]


class SequenceSpec(RuleSpec):
    """`first`, and within `window_s` of it `then`, in the same scope; the order is that of the events' times."""

    type: Literal["sequence"]
    first: Step
    then: Step
    window_s: WindowS
    scope: Scope = "place"


class FusionSpec(RuleSpec):
    """`n` independent devices within `window_s` in one scope: the hazard is confirmed.

    A device takes part with an event of `kinds` or by raising one of `rules`. A kind in `override` confirms alone.
    """

    type: Literal["fusion"]
    kinds: Annotated[list[Kind], Field(max_length=32)] = []
    rules: Annotated[list[RuleId], Field(max_length=32)] = []
    when: Expression | None = None
    n: Annotated[int, Field(ge=2, le=50)] = 2
    window_s: WindowS
    scope: Literal["place", "building", "compound"] = "building"
    override: Annotated[list[Kind], Field(max_length=8)] = []

    @model_validator(mode="after")
    def _check_sources(self) -> Self:
        if not (self.kinds or self.rules or self.override):
            raise ValueError("name at least one of kinds, rules or override")
        return self


class BoxSpec(RuleSpec):
    """A box away for `for_s`. While it is, alerts of `inhibits` (its own devices' only) are not announced."""

    type: Literal["box"]
    for_s: Annotated[float, Field(ge=0, le=86_400)] = 120.0
    inhibits: Annotated[list[RuleId], Field(max_length=64)] = []


MOMENTARY = (CountSpec, SequenceSpec, FusionSpec)
"""What these find has happened; it does not last, and nothing ends it."""
Spec = TriggerSpec | ThresholdSpec | CountSpec | AbsenceSpec | SequenceSpec | FusionSpec | BoxSpec


class PackSpec(Part):
    """A whole pack, version 1."""

    version: Literal[1]
    rules: Annotated[
        list[Annotated[Spec, Field(discriminator="type")]], Field(min_length=1, max_length=MAX_RULES)
    ]


def _check_clear(above: float | None, below: float | None, clear: float | None) -> None:
    if clear is None:
        return
    if above is not None and clear > above:
        raise ValueError(f"clear ({clear:g}) must not be over above ({above:g})")
    if below is not None and clear < below:
        raise ValueError(f"clear ({clear:g}) must not be under below ({below:g})")
