"""Events: what one begins, counts for, completes, confirms or ends."""

from collections.abc import Mapping
from typing import Any

from redwhistle.contracts.events import TELEMETRY_KINDS, EventKind
from server.alerts.engine.draft import Draft, clean_text, clean_value, known_of
from server.alerts.engine.fusion import confirm_by_event, confirm_by_rule
from server.alerts.engine.presence import hear_box, heard
from server.alerts.engine.raising import alarm, end
from server.alerts.engine.state import MAX_MARKS, Known, Mark
from server.alerts.model import EventItem, Quiet, Severity
from server.alerts.rules.compiled import Count, EventRule, Fusion, Sequence, Trigger
from server.alerts.rules.condition import Condition, ConditionFailed, Facts

MAX_DATA = 12
"""Fields of an event that `why` repeats."""
NOT_HEARD = frozenset({EventKind.DEVICE_LOST, EventKind.DEVICE_FAULT})
"""Said by the box about a device, and no sign of life of it."""
KNOWN_KINDS = frozenset(EventKind)


def is_alarm(item: EventItem) -> bool:
    """Whether a person must hear of it: a known alarm kind by any lane, or an unknown one by the alarm lane."""
    if item.kind in KNOWN_KINDS:
        return item.kind not in TELEMETRY_KINDS
    return item.lane != "telemetry"


def take_event(draft: Draft, item: EventItem) -> bool:
    """Judge one event; false when it is an alarm that no rule decided on, so that it must be raised as it is."""
    known = known_of(item.subject)
    if item.kind in NOT_HEARD:
        hear_box(draft, known)
    else:
        heard(draft, known, item.subject.heartbeat_s)
    if item.test:
        draft.suppress(Quiet.TEST, known, "", f"{item.kind} with the device's test mark")
        return True
    rules = draft.pack.by_kind.get(item.kind, ())
    if not item.active:
        _take_end(draft, item, known, rules)
        return True
    fusions = draft.pack.fusions_by_kind.get(item.kind, ())
    if not rules and not fusions:
        if not is_alarm(item) and item.kind not in KNOWN_KINDS:
            draft.suppress(Quiet.NO_RULE, known, "", f"no rule asks for {item.kind}")
        return not is_alarm(item)
    return _take_begin(draft, item, known, rules, fusions)


def _take_begin(
    draft: Draft, item: EventItem, known: Known, rules: tuple[EventRule, ...], fusions: tuple[Fusion, ...]
) -> bool:
    facts = _facts_of(draft, item, known)
    raised = False
    unmet: list[tuple[str, str]] = []
    for rule in rules:
        if isinstance(rule, Trigger):
            met = _take_trigger(draft, rule, item, known, facts, unmet)
        elif isinstance(rule, Count):
            met = _take_count(draft, rule, item, known, facts, unmet)
        else:
            met = _take_sequence(draft, rule, item, known, facts, unmet)
        raised = raised or met
    for fusion in fusions:
        if holds(draft, fusion.id, fusion.when, facts, unmet):
            raised = confirm_by_event(draft, fusion, known, item, source_of(item, known)) or raised
    if raised or not is_alarm(item):
        return True
    if draft.troubles or not unmet:
        return False
    for rule_id, detail in unmet:
        draft.suppress(Quiet.CONDITION, known, rule_id, detail)
    return True


def _facts_of(draft: Draft, item: EventItem, known: Known) -> Facts:
    return Facts(
        at_ms=draft.at_ms,
        timezone=known.timezone,
        device=(known.device, known.kind, known.box),
        place=(known.place, known.tags, known.path),
        item=(item.kind, "", 0.0, item.active, item.late_ms / 1000),
        data=item.data,
    )


def source_of(item: EventItem, known: Known) -> dict[str, Any]:
    """One source as `why` names it."""
    source: dict[str, Any] = {
        "device": known.device,
        "box": known.box,
        "place": known.place,
        "item": item.id,
        "kind": clean_text(item.kind),
        "at_ms": item.at_ms,
    }
    if item.data:
        source["data"] = _scalars(item.data)
    return source


def holds(
    draft: Draft, rule: str, when: Condition | None, facts: Facts, unmet: list[tuple[str, str]] | None = None
) -> bool:
    """Whether a rule's condition is met; one that fails is not, and is noted."""
    if when is None:
        return True
    try:
        met = when.holds(facts)
    except ConditionFailed as error:
        draft.fail(rule, f"{when.source}: {error}")
        return False
    if not met and unmet is not None:
        unmet.append((rule, f"its condition is not met: {when.source}"))
    return met


def graded(draft: Draft, rule: Trigger, facts: Facts) -> Severity:
    """The severity of the first override that is met; of one that fails, if it is more urgent."""
    for when, severity in rule.overrides:
        try:
            if when.holds(facts):
                return severity
        except ConditionFailed as error:
            draft.fail(rule.id, f"{when.source}: {error}")
            if severity < rule.severity:
                return severity
    return rule.severity


def _take_trigger(
    draft: Draft, rule: Trigger, item: EventItem, known: Known, facts: Facts, unmet: list[tuple[str, str]]
) -> bool:
    if item.kind in rule.ended_by:
        return end(draft, rule, known, {"ended_by": item.kind, "item": item.id})
    if not holds(draft, rule.id, rule.when, facts, unmet):
        return False
    severity = graded(draft, rule, facts) if rule.overrides else rule.severity
    source = source_of(item, known)
    alarm(draft, rule, known, {"sources": [source]}, severity=severity)
    confirm_by_rule(draft, rule.id, known, source)
    return True


def _take_count(
    draft: Draft, rule: Count, item: EventItem, known: Known, facts: Facts, unmet: list[tuple[str, str]]
) -> bool:
    if not holds(draft, rule.id, rule.when, facts, unmet):
        return False
    scope = known.key if rule.per == "device" else known.place
    marks = draft.mark(f"{rule.id}|{scope}", _mark(draft, item, known), max(rule.n, 2))
    window = [mark for mark in marks if marks[-1].at_ms - mark.at_ms <= rule.window_ms]
    if len(window) < rule.n:
        text = f"{len(window)} of {rule.n} in {rule.window_ms / 1000:g} s"
        unmet.append((rule.id, text))
        return False
    source = source_of(item, known)
    why = {"sources": [source], "n": len(window), "limit_n": rule.n, "window_s": rule.window_ms / 1000}
    alarm(draft, rule, known, why)
    confirm_by_rule(draft, rule.id, known, source)
    return True


def _take_sequence(
    draft: Draft, rule: Sequence, item: EventItem, known: Known, facts: Facts, unmet: list[tuple[str, str]]
) -> bool:
    """Both steps are kept: an event that comes late may be the first of two."""
    is_first = item.kind in rule.first_kinds and holds(draft, rule.id, rule.first_when, facts, unmet)
    is_then = item.kind in rule.then_kinds and holds(draft, rule.id, rule.then_when, facts, unmet)
    scope = {"device": known.key, "place": known.place, "building": known.building}.get(rule.scope, "")
    key = f"{rule.id}|{scope}"
    marks: tuple[Mark, ...] = ()
    if is_first:
        marks = draft.mark(key, _mark(draft, item, known, 1), MAX_MARKS)
    if is_then:
        marks = draft.mark(key, _mark(draft, item, known, 2), MAX_MARKS)
    for first in marks:
        for then in marks:
            in_order = first.step == 1 and then.step == 2 and first.item != then.item
            if (
                in_order
                and item.id in (first.item, then.item)
                and 0 <= then.at_ms - first.at_ms <= rule.window_ms
            ):
                source = source_of(item, known)
                other = then if first.item == item.id else first
                why = {"sources": [source, source_of_mark(other)], "window_s": rule.window_ms / 1000}
                alarm(draft, rule, known, why)
                confirm_by_rule(draft, rule.id, known, source)
                return True
    if is_first or is_then:
        unmet.append((rule.id, f"one step of two; the other must come within {rule.window_ms / 1000:g} s"))
    return False


def source_of_mark(mark: Mark) -> dict[str, Any]:
    """A source of which only a mark is kept."""
    box, _, device = mark.device.partition("|")
    return {
        "device": device,
        "box": box,
        "place": mark.place,
        "item": mark.item,
        "kind": mark.kind,
        "at_ms": mark.at_ms,
    }


def _take_end(draft: Draft, item: EventItem, known: Known, rules: tuple[EventRule, ...]) -> None:
    found = False
    for rule in rules:
        if isinstance(rule, Trigger) and item.kind in rule.kinds:
            found = end(draft, rule, known, {"ended_by": item.kind, "item": item.id}) or found
    if not found:
        draft.suppress(Quiet.ENDED, known, "", f"{item.kind} ended; no open alert was begun by it")


def _mark(draft: Draft, item: EventItem, known: Known, step: int = 0) -> Mark:
    return Mark(draft.at_ms, known.key, item.id, clean_text(item.kind), known.place, known.path, step)


def _scalars(data: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in sorted(data)[: MAX_DATA + 2]:
        if name != "active" and not isinstance(data[name], (list, tuple, dict)) and len(found) < MAX_DATA:
            found[clean_text(name)] = clean_value(data[name])
    return found
