"""A rule pack: from text to rules that the engine can select without looking at the others."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from pydantic import ValidationError

from redwhistle.errors import RulesError
from server.alerts.model import LIFE_SAFETY
from server.alerts.rules.compiled import (
    Absence,
    BoxLoss,
    Compiler,
    Count,
    EventRule,
    Fusion,
    Rule,
    Sequence,
    Threshold,
    Trigger,
)
from server.alerts.rules.document import Document, Path, read_document
from server.alerts.rules.schema import BoxSpec, FusionSpec, PackSpec

DEFAULT = "default"


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """A checked and compiled pack. `hash` is the SHA-256 of its content, whatever its layout and comments."""

    name: str
    source: str
    hash: str
    spec: PackSpec
    rules: tuple[Rule, ...]
    by_id: Mapping[str, Rule]
    by_kind: Mapping[str, tuple[EventRule, ...]]
    """Rules that an event of a kind begins, counts for or ends; fusion apart."""
    fusions_by_kind: Mapping[str, tuple[Fusion, ...]]
    fusions_by_rule: Mapping[str, tuple[Fusion, ...]]
    by_metric: Mapping[str, tuple[Threshold, ...]]
    bounds: Mapping[str, tuple[float, float]]
    """Values strictly between begin nothing, whatever the place and hour."""
    absences: tuple[Absence, ...]
    box_rule: BoxLoss | None
    metric_of: Mapping[str, str]
    """Metric of each threshold rule."""

    def absence_for(self, device_kind: str) -> Absence | None:
        """The first rule of absence that watches devices of this kind."""
        for rule in self.absences:
            if not rule.device_kinds or device_kind in rule.device_kinds:
                return rule
        return None


def load_pack(text: str, *, name: str) -> Pack:
    """Read, check and compile a pack; raise RulesError with every problem, by line and rule id."""
    document = read_document(text)
    spec = _validate(document)
    digest = _digest(spec)
    problems = [_describe(document, path, message) for path, message in _check_together(spec)]
    compiler = Compiler(digest, _inhibited_by(spec))
    rules = tuple(compiler.compile(index, rule) for index, rule in enumerate(spec.rules))
    problems += [_describe(document, path, message) for path, message in compiler.problems]
    if problems:
        raise RulesError(problems)
    thresholds = [rule for rule in rules if isinstance(rule, Threshold)]
    fusions = [rule for rule in rules if isinstance(rule, Fusion)]
    event_rules = [rule for rule in rules if isinstance(rule, (Trigger, Count, Sequence))]
    return Pack(
        name=name,
        source=text,
        hash=digest,
        spec=spec,
        rules=rules,
        by_id={rule.id: rule for rule in rules},
        by_kind=_index((kind, rule) for rule in event_rules for kind in sorted(_kinds(rule))),
        fusions_by_kind=_index(
            (kind, rule) for rule in fusions for kind in sorted(rule.kinds | rule.override)
        ),
        fusions_by_rule=_index((other, rule) for rule in fusions for other in sorted(rule.rules)),
        by_metric=_index((rule.metric, rule) for rule in thresholds),
        bounds=_bounds(thresholds),
        absences=tuple(rule for rule in rules if isinstance(rule, Absence)),
        box_rule=next((rule for rule in rules if isinstance(rule, BoxLoss)), None),
        metric_of={rule.id: rule.metric for rule in thresholds},
    )


@cache
def default_pack() -> Pack:
    """The pack that comes with the program."""
    text = (resources.files("server.alerts") / "packs" / "default.yaml").read_text(encoding="utf-8")
    return load_pack(text, name=DEFAULT)


def json_schema() -> dict[str, Any]:
    """JSON Schema of a pack, for editors."""
    schema = PackSpec.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "RedWhistle rule pack"
    return schema


def _validate(document: Document) -> PackSpec:
    try:
        return PackSpec.model_validate(document.value)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        problems = [
            _describe(document, fault["loc"], fault["msg"].removeprefix("Value error, ")) for fault in faults
        ]
        raise RulesError(list(dict.fromkeys(problems))) from error


def _digest(spec: PackSpec) -> str:
    content = json.dumps(
        spec.model_dump(mode="json", exclude_defaults=True), sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(content.encode()).hexdigest()


def _check_together(spec: PackSpec) -> list[tuple[Path, str]]:
    """What no rule can be wrong in alone."""
    problems: list[tuple[Path, str]] = []
    by_id = {}
    for index, rule in enumerate(spec.rules):
        if rule.id in by_id:
            problems.append((("rules", index, "id"), "a rule of this id stands above; ids are used once"))
        by_id[rule.id] = rule
    boxes = 0
    for index, rule in enumerate(spec.rules):
        named: list[str] = []
        where = ""
        if isinstance(rule, FusionSpec):
            named, where = rule.rules, "rules"
        elif isinstance(rule, BoxSpec):
            named, where = rule.inhibits, "inhibits"
            boxes += 1
            if boxes > 1:
                problems.append((("rules", index), "there can be one rule of type box; remove this one"))
        for other in named:
            target = by_id.get(other)
            if target is None:
                problems.append((("rules", index, where), f"there is no rule {other!r}"))
            elif target is rule or (where == "rules" and isinstance(target, FusionSpec)):
                problems.append(
                    (("rules", index, where), f"{other!r} cannot be named here: it would feed itself")
                )
            elif where == "inhibits" and target.hazard in LIFE_SAFETY:
                text = (
                    f"{other!r} is about {target.hazard}: what threatens lives is never inhibited; remove it"
                )
                problems.append((("rules", index, where), text))
    return problems


def _inhibited_by(spec: PackSpec) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for rule in spec.rules:
        if isinstance(rule, BoxSpec):
            for other in rule.inhibits:
                found[other] = (*found.get(other, ()), rule.id)
    return found


_PLAINER = {
    "Extra inputs are not permitted": "there is no such field; correct its name or remove it",
    "Field required": "is missing",
}


def _describe(document: Document, loc: Iterable[int | str], message: str) -> str:
    """`line 12, rule fire-seen, when: …`; pydantic's own marks (a union's tag) are not in the file and are left out."""
    path: Path = ()
    last: int | str = ""
    for part in loc:
        if (*path, part) in document.lines or isinstance(part, int):
            path = (*path, part)
        last = part
    where = f"line {document.line(path)}"
    rule = _rule_at(document, path)
    if rule:
        where += f", rule {rule}"
    rest = [str(part) for part in path[2:]]
    if message == "Field required" and isinstance(last, str):
        rest.append(last)
    return f"{where}{', ' + '.'.join(rest) if rest else ''}: {_PLAINER.get(message, message)}"


def _rule_at(document: Document, path: Path) -> str:
    if len(path) < 2 or not isinstance(path[1], int):
        return ""
    try:
        return str(document.value["rules"][path[1]]["id"])[:48]
    except (KeyError, IndexError, TypeError):
        return f"no. {path[1] + 1}"


def _kinds(rule: EventRule) -> frozenset[str]:
    if isinstance(rule, Trigger):
        return rule.kinds | rule.ended_by
    if isinstance(rule, Count):
        return rule.kinds
    return rule.first_kinds | rule.then_kinds


def _index(pairs: Iterable[tuple[str, Any]]) -> dict[str, tuple[Any, ...]]:
    found: dict[str, list[Any]] = {}
    for key, rule in pairs:
        found.setdefault(str(key), []).append(rule)
    return {key: tuple(rules) for key, rules in found.items()}


def _bounds(thresholds: list[Threshold]) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for rule in thresholds:
        low, high = found.get(rule.metric, (float("-inf"), float("inf")))
        for limits in (rule.limits, *(limits for _, limits in rule.overrides)):
            if limits.rising:
                high = min(high, limits.limit)
            else:
                low = max(low, limits.limit)
        found[rule.metric] = (low, high)
    return found
