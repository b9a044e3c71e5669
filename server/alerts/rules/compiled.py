"""Rules as the engine uses them: times in milliseconds, conditions compiled, everything looked up beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from server.alerts.model import LIFE_SAFETY, Certainty, Hazard, Severity
from server.alerts.rules.condition import Condition
from server.alerts.rules.schema import (
    MOMENTARY,
    AbsenceSpec,
    BoxSpec,
    CountSpec,
    FusionSpec,
    RuleSpec,
    SequenceSpec,
    Spec,
    ThresholdSpec,
    TriggerSpec,
)


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """What the raising of an alert needs to know of any rule. `about` is the part of `why` that never changes."""

    id: str
    hazard: Hazard
    severity: Severity
    certainty: Certainty = Certainty.SUSPECTED
    cooldown_ms: int = 300_000
    resolves: bool = False
    about: Mapping[str, Any] = field(default_factory=dict)
    inhibited_by: tuple[str, ...] = ()
    """Ids of the box rules that mute this one."""
    lasts: bool = True
    """What triggers it begins a condition that something can end."""

    @property
    def life_safety(self) -> bool:
        return self.hazard in LIFE_SAFETY


@dataclass(frozen=True, slots=True, eq=False)
class Trigger(Rule):
    kinds: frozenset[str] = frozenset()
    ended_by: frozenset[str] = frozenset()
    when: Condition | None = None
    overrides: tuple[tuple[Condition, Severity], ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """One set of limits. `rising` looks for values at or above `limit`; cleared strictly beyond `clear`."""

    limit: float
    clear: float
    rising: bool
    severity: Severity

    def begins(self, value: float) -> bool:
        return value >= self.limit if self.rising else value <= self.limit

    def cleared(self, value: float) -> bool:
        """Never true for a value that begins it (`clear` is on the far side), nor for one that is no number."""
        return value < self.clear if self.rising else value > self.clear

    def stricter(self, other: "Limits") -> bool:
        """Whether these limits alarm earlier, or more urgently, than `other`."""
        if self.limit != other.limit:
            return self.limit < other.limit if self.rising else self.limit > other.limit
        return self.severity < other.severity


@dataclass(frozen=True, slots=True, eq=False)
class Threshold(Rule):
    metric: str = ""
    for_ms: int = 0
    limits: Limits = Limits(0.0, 0.0, True, Severity.NOTICE)
    when: Condition | None = None
    overrides: tuple[tuple[Condition, Limits], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Count(Rule):
    kinds: frozenset[str] = frozenset()
    when: Condition | None = None
    n: int = 2
    window_ms: int = 0
    per: str = "device"


@dataclass(frozen=True, slots=True, eq=False)
class Absence(Rule):
    device_kinds: frozenset[str] = frozenset()
    factor: float = 2.3
    heartbeat_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sequence(Rule):
    first_kinds: frozenset[str] = frozenset()
    first_when: Condition | None = None
    then_kinds: frozenset[str] = frozenset()
    then_when: Condition | None = None
    window_ms: int = 0
    scope: str = "place"


@dataclass(frozen=True, slots=True, eq=False)
class Fusion(Rule):
    kinds: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    override: frozenset[str] = frozenset()
    when: Condition | None = None
    n: int = 2
    window_ms: int = 0
    scope: str = "building"


@dataclass(frozen=True, slots=True, eq=False)
class BoxLoss(Rule):
    for_ms: int = 0


EventRule = Trigger | Count | Sequence


class Compiler:
    """Specs to rules. Conditions that cannot be compiled are collected, each with its place in the pack."""

    def __init__(self, pack_hash: str, inhibited_by: Mapping[str, tuple[str, ...]]) -> None:
        self.problems: list[tuple[tuple[str | int, ...], str]] = []
        self._hash = pack_hash
        self._inhibited_by = inhibited_by
        self._path: tuple[str | int, ...] = ()

    def compile(self, index: int, spec: Spec) -> Rule:
        self._path = ("rules", index)
        match spec:
            case TriggerSpec():
                return self._trigger(spec)
            case ThresholdSpec():
                return self._threshold(spec)
            case CountSpec():
                return Count(
                    **self._shared(spec),
                    kinds=frozenset(spec.kinds),
                    when=self._condition(spec.when, "when"),
                    n=spec.n,
                    window_ms=_ms(spec.window_s),
                    per=spec.per,
                )
            case AbsenceSpec():
                return Absence(
                    **self._shared(spec),
                    device_kinds=frozenset(spec.device_kinds),
                    factor=spec.factor,
                    heartbeat_s=spec.heartbeat_s,
                )
            case SequenceSpec():
                return Sequence(
                    **self._shared(spec),
                    first_kinds=frozenset(spec.first.kinds),
                    first_when=self._condition(spec.first.when, "first", "when"),
                    then_kinds=frozenset(spec.then.kinds),
                    then_when=self._condition(spec.then.when, "then", "when"),
                    window_ms=_ms(spec.window_s),
                    scope=spec.scope,
                )
            case FusionSpec():
                return Fusion(
                    **self._shared(spec, Certainty.CONFIRMED),
                    kinds=frozenset(spec.kinds),
                    rules=frozenset(spec.rules),
                    override=frozenset(spec.override),
                    when=self._condition(spec.when, "when"),
                    n=spec.n,
                    window_ms=_ms(spec.window_s),
                    scope=spec.scope,
                )
            case BoxSpec():
                return BoxLoss(**self._shared(spec), for_ms=_ms(spec.for_s))

    def _trigger(self, spec: TriggerSpec) -> Trigger:
        overrides = [
            (self._condition(override.when, "overrides", index, "when"), override.severity)
            for index, override in enumerate(spec.overrides)
        ]
        return Trigger(
            **self._shared(spec, spec.certainty),
            kinds=frozenset(spec.kinds),
            ended_by=frozenset(spec.ended_by),
            when=self._condition(spec.when, "when"),
            overrides=tuple((when, severity) for when, severity in overrides if when is not None),
        )

    def _threshold(self, spec: ThresholdSpec) -> Threshold:
        rising = spec.below is None
        limit = spec.above if spec.below is None else spec.below
        assert limit is not None  # noqa: S101 (the model has checked it)
        clear = limit if spec.clear is None else spec.clear
        base = Limits(limit, clear, rising, spec.severity)
        overrides = []
        for index, override in enumerate(spec.overrides):
            when = self._condition(override.when, "overrides", index, "when")
            own = override.above if rising else override.below
            severity = override.severity or spec.severity
            if own is None:
                limits = Limits(base.limit, base.clear, rising, severity)
            else:
                # Without a `clear` of its own an override keeps the rule's distance between limit and clear.
                own_clear = own + (clear - limit) if override.clear is None else override.clear
                limits = Limits(own, own_clear, rising, severity)
            if when is not None:
                overrides.append((when, limits))
        return Threshold(
            **self._shared(spec),
            metric=str(spec.metric),
            for_ms=_ms(spec.for_s),
            limits=base,
            when=self._condition(spec.when, "when"),
            overrides=tuple(overrides),
        )

    def _shared(self, spec: RuleSpec, certainty: Certainty = Certainty.SUSPECTED) -> dict[str, Any]:
        kind: str = spec.type  # type: ignore[attr-defined]
        return {
            "id": spec.id,
            "hazard": spec.hazard,
            "severity": spec.severity,
            "certainty": certainty,
            "cooldown_ms": _ms(spec.cooldown_s),
            "resolves": spec.resolves,
            "lasts": not isinstance(spec, MOMENTARY),
            "inhibited_by": self._inhibited_by.get(spec.id, ()),
            "about": {
                "rule": spec.id,
                "type": kind,
                "title": {"zh": spec.title.zh, "en": spec.title.en},
                "pack": self._hash,
            },
        }

    def _condition(self, source: str | None, *where: str | int) -> Condition | None:
        if source is None:
            return None
        try:
            return Condition(source)
        except ValueError as error:
            self.problems.append(((*self._path, *where), str(error)))
            return None


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
