"""Readings against limits, with hysteresis and a time they must last.

A value beyond its limit is a *condition*, not a row of events: it raises once, is repeated when the cool-down is over
and it still lasts, and raises anew when a person has closed the alert meanwhile.
"""

import math
from dataclasses import replace
from typing import Any

from server.alerts.engine.draft import Draft, clean_value
from server.alerts.engine.fusion import confirm_by_rule
from server.alerts.engine.mending import mended_level
from server.alerts.engine.raising import alarm, end
from server.alerts.engine.state import Known, Level
from server.alerts.model import ReadingItem
from server.alerts.rules.compiled import Limits, Rule, Threshold
from server.alerts.rules.condition import ConditionFailed, Facts


def take_reading(draft: Draft, item: ReadingItem, known: Known) -> None:
    """Judge one reading by every threshold on its metric."""
    facts = Facts(
        at_ms=draft.at_ms,
        timezone=known.timezone,
        device=(known.device, known.kind, known.box),
        place=(known.place, known.tags, known.path),
        item=("", item.metric, item.value, True, 0.0),
    )
    for rule in draft.pack.by_metric.get(item.metric, ()):
        _judge(draft, rule, item, known, facts)


def fire_due(draft: Draft) -> None:
    """Values that have lasted long enough without a further reading: a burnt sensor must not save the fire."""
    for key, level in draft.levels.sorted():
        if level.due_ms is None or level.due_ms > draft.now_ms:
            continue
        rule = draft.pack.by_id.get(key.split("|", 1)[0])
        if isinstance(rule, Threshold):
            _fire(draft, rule, key, replace(level, due_ms=None))
        else:
            draft.levels.drop(key)


def _judge(draft: Draft, rule: Threshold, item: ReadingItem, known: Known, facts: Facts) -> None:
    key = f"{rule.id}|{known.key}"
    level = _level(draft, rule, key)
    value = item.value
    limits = _limits(draft, rule, facts)
    if level is None:
        if limits.begins(value) and _applies(draft, rule, facts):
            _begin(draft, rule, key, item, known, limits)
        return
    if limits.begins(value):
        newest = max(level.last_ms, draft.at_ms)
        shown = value if draft.at_ms >= level.last_ms else level.value
        level = replace(
            level,
            last_ms=newest,
            value=shown,
            limit=limits.limit,
            severity=limits.severity,
            item=item.id,
            known=known,
        )
        if level.due_ms is not None:
            if draft.at_ms - level.since_ms >= rule.for_ms:
                _fire(draft, rule, key, replace(level, due_ms=None))
            else:
                draft.levels.put(key, level)
        elif _is_news(draft, rule, key, level):
            _fire(draft, rule, key, level)
        else:
            draft.levels.put(key, level)
    elif draft.at_ms < level.last_ms:
        return  # older than what is known: it says nothing about now
    elif limits.cleared(value):
        draft.levels.drop(key)
        if level.due_ms is None:
            end(
                draft,
                rule,
                known,
                {"value": clean_value(value), "clear": limits.clear, "metric": item.metric},
            )
    elif not math.isnan(value):
        draft.levels.put(key, replace(level, last_ms=draft.at_ms))


def _level(draft: Draft, rule: Threshold, key: str) -> Level | None:
    level = draft.levels.get(key)
    if level is None:
        return None
    level = mended_level(draft, rule, level)
    if level.due_ms is not None:
        draft.wake(level.due_ms)
    return level


def _begin(draft: Draft, rule: Threshold, key: str, item: ReadingItem, known: Known, limits: Limits) -> None:
    at = draft.at_ms
    due = draft.now_ms + rule.for_ms
    level = Level(item.metric, at, at, item.value, limits.limit, limits.severity, due, item.id, known)
    if rule.for_ms == 0:
        _fire(draft, rule, key, replace(level, due_ms=None))
        return
    draft.levels.put(key, level)
    draft.wake(due)


def _fire(draft: Draft, rule: Threshold, key: str, level: Level) -> None:
    """Raise, repeat or upgrade for a level that is on."""
    draft.levels.put(key, level)
    known = level.known
    source: dict[str, Any] = {
        "device": known.device,
        "box": known.box,
        "place": known.place,
        "item": level.item,
        "metric": level.metric,
        "value": clean_value(level.value),
        "at_ms": level.last_ms,
    }
    why = {
        "sources": [source],
        "value": clean_value(level.value),
        "above" if rule.limits.rising else "below": level.limit,
        "since_ms": level.since_ms,
        "for_s": rule.for_ms / 1000,
    }
    alarm(draft, rule, known, why, severity=level.severity, at_ms=level.last_ms)
    confirm_by_rule(draft, rule.id, known, source, level.last_ms)


def _is_news(draft: Draft, rule: Rule, key: str, level: Level) -> bool:
    """Whether a lasting condition has to be said again: closed meanwhile, more urgent, or the cool-down is over."""
    alert = draft.alerts.get(f"{rule.hazard}|{level.known.place}")
    if alert is None or key not in alert.holds:
        return True
    if level.severity < alert.severity:
        return True
    return alert.quiet is None and not (alert.told_ms or 0) <= draft.now_ms < alert.cool_ms


def _limits(draft: Draft, rule: Threshold, facts: Facts) -> Limits:
    """The limits that hold here and now; an override that fails counts if it is the stricter."""
    for when, limits in rule.overrides:
        try:
            if when.holds(facts):
                return limits
        except ConditionFailed as error:
            draft.fail(rule.id, f"{when.source}: {error}")
            if limits.stricter(rule.limits):
                return limits
    return rule.limits


def _applies(draft: Draft, rule: Threshold, facts: Facts) -> bool:
    """Whether the rule is about this device; one that fails is taken to be: in doubt, alarm."""
    if rule.when is None:
        return True
    try:
        return rule.when.holds(facts)
    except ConditionFailed as error:
        draft.fail(rule.id, f"{rule.when.source}: {error}")
        return True
