"""Alerts: raised, repeated, upgraded, ended; and whether somebody is told."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from server.alerts.engine.draft import Draft
from server.alerts.engine.state import MAX_SOURCES, Known, OpenAlert, SilenceHeld, Told
from server.alerts.model import (
    LIFE_SAFETY,
    Certainty,
    ConditionEnded,
    Hazard,
    Quiet,
    Raise,
    Repeat,
    Severity,
    Upgrade,
)
from server.alerts.rules.compiled import Rule

Why = dict[str, Any]
MAX_TOLD = 1024


def alarm(
    draft: Draft,
    rule: Rule,
    known: Known,
    why: Why,
    *,
    severity: Severity | None = None,
    linked: tuple[OpenAlert, ...] = (),
    at_ms: int | None = None,
) -> OpenAlert:
    """Raise an alert at the device's place, or repeat or upgrade the one that is open there."""
    key = f"{rule.hazard}|{known.place}"
    at = draft.at_ms if at_ms is None else at_ms
    severity = rule.severity if severity is None else severity
    why = {**rule.about, **why}
    if draft.late_ms:
        why["late_ms"] = draft.late_ms
    if linked:
        why["linked"] = [alert.id for alert in linked]
    open_alert = draft.alerts.get(key)
    if open_alert is None:
        return _raise(draft, rule, known, why, key, severity, at)
    return strengthen(
        draft,
        open_alert,
        rule,
        known,
        why,
        severity=severity,
        certainty=rule.certainty,
        linked=linked,
        at_ms=at,
    )


def strengthen(
    draft: Draft,
    alert: OpenAlert,
    rule: Rule,
    known: Known,
    why: Why,
    *,
    severity: Severity,
    certainty: Certainty,
    linked: tuple[OpenAlert, ...] = (),
    at_ms: int | None = None,
) -> OpenAlert:
    """Add a trigger to an open alert: an upgrade if it becomes surer or more urgent, else a repeat.

    One item repeats one alert once, however many rules it meets.
    """
    at = draft.at_ms if at_ms is None else at_ms
    source = f"{rule.id}|{known.key}"
    new_device = source not in alert.sources and alert.hazard in LIFE_SAFETY
    new_rule = not any(other.startswith(f"{rule.id}|") for other in alert.sources)
    surer = certainty is Certainty.CONFIRMED and alert.certainty is Certainty.SUSPECTED
    upgrade = surer or severity < alert.severity
    again = alert.id in draft.touched
    holds = _add(alert.holds, source) if rule.lasts else alert.holds
    changed = replace(
        alert,
        severity=min(severity, alert.severity),
        certainty=Certainty.CONFIRMED if surer else alert.certainty,
        count=alert.count if again else alert.count + 1,
        sources=_add(alert.sources, source),
        holds=holds,
        sticky=alert.sticky or not rule.resolves or (rule.lasts and source not in holds),
    )
    if again and not upgrade:
        draft.alerts.put(_key(alert), changed)
        return changed
    quiet, by = _covered(draft, rule, alert.hazard, alert.place, alert.path, known)
    # News is an upgrade, another rule, and another device where lives are at stake; the same again is not, for a while.
    news = upgrade or new_rule or new_device
    cooling = not news and alert.told_ms is not None and alert.told_ms <= draft.now_ms < alert.cool_ms
    if quiet is Quiet.SILENCED and _stays_told(draft, alert):
        quiet = Quiet.COOLDOWN
    elif quiet is not None:
        changed = _with_quiet(draft, changed, quiet, by)
    elif cooling:
        quiet = Quiet.COOLDOWN
    else:
        changed = _with_told(draft, changed, rule.cooldown_ms)
    draft.alerts.put(_key(alert), changed)
    draft.touched.add(alert.id)
    if upgrade:
        links = tuple(other.id for other in linked if other.id != alert.id)
        draft.decisions.append(
            Upgrade(
                alert.id,
                alert.hazard,
                changed.severity,
                changed.certainty,
                draft.item_id,
                known.device,
                at,
                links,
                quiet,
                by,
                why,
            )
        )
    else:
        draft.decisions.append(
            Repeat(alert.id, draft.item_id, known.device, at, changed.count, quiet, by, why)
        )
    return changed


def end(draft: Draft, rule: Rule, known: Known, why: Mapping[str, Any]) -> bool:
    """A condition of `rule` at this device is over; false when no open alert knows of it."""
    source = f"{rule.id}|{known.key}"
    alert = draft.alerts.get(f"{rule.hazard}|{known.place}")
    if alert is None or source not in alert.holds:
        alert = next((other for _, other in draft.alerts.sorted() if source in other.holds), None)
        if alert is None:
            return False
    holds = tuple(hold for hold in alert.holds if hold != source)
    key = _key(alert)
    if holds:
        draft.alerts.put(key, replace(alert, holds=holds))
        draft.suppress(
            Quiet.ENDED, known, rule.id, f"{len(holds)} other conditions of alert {alert.id} go on"
        )
        return True
    resolves = not alert.sticky and alert.hazard not in LIFE_SAFETY
    draft.decisions.append(
        ConditionEnded(alert.id, draft.item_id, draft.at_ms, resolves, {**rule.about, **why})
    )
    if resolves:
        forget(draft, key, alert)
        if alert.told_ms is not None:
            remember_told(draft, key, Told(alert.told_ms, alert.cool_ms))
    else:
        draft.alerts.put(key, replace(alert, holds=()))
    return True


def forget(draft: Draft, key: str, alert: OpenAlert) -> None:
    """Take a closed alert out of the state, and what hangs on it."""
    draft.alerts.drop(key)
    for rule, alert_id in draft.failed.sorted():
        if alert_id == alert.id:
            draft.failed.drop(rule)


def remember_told(draft: Draft, key: str, told: Told) -> None:
    """Keep when an alert that resolved by itself was announced; entries that have run out go."""
    if len(draft.told.rows) >= MAX_TOLD:
        for other, entry in draft.told.sorted():
            if entry.until_ms <= draft.now_ms:
                draft.told.drop(other)
        if len(draft.told.rows) >= MAX_TOLD:
            draft.told.drop(min(draft.told.rows, key=lambda other: (draft.told.rows[other].until_ms, other)))
    draft.told.put(key, told)


def announce_due(draft: Draft) -> None:
    """Tell of open alerts whose silence, inhibition or cool-down is over."""
    for key, alert in draft.alerts.sorted():
        if alert.quiet is None:
            continue
        quiet, by = _still_quiet(draft, key, alert)
        if quiet is not None:
            draft.alerts.put(key, replace(alert, quiet=quiet, quiet_by=by))
            continue
        rule = draft.pack.by_id.get(alert.rule)
        after = {
            Quiet.SILENCED: "announced_after_silence",
            Quiet.INHIBITED: "announced_after_inhibition",
        }.get(alert.quiet, "announced_after_cooldown")
        about = rule.about if rule else {"rule": alert.rule}
        cooldown_ms = rule.cooldown_ms if rule else 0
        draft.alerts.put(key, _with_told(draft, alert, cooldown_ms))
        draft.decisions.append(
            Repeat(
                alert.id,
                draft.item_id,
                alert.device,
                draft.now_ms,
                alert.count,
                None,
                "",
                {**about, after: alert.quiet_by or True},
            )
        )


def quiet_ends_ms(draft: Draft, key: str, alert: OpenAlert) -> int | None:
    """When to look again at an alert that is quiet; None: another item will say."""
    if alert.quiet is Quiet.SILENCED:
        ends = [held.end_ms for held in draft.silences.rows.values() if _is_on(draft, held)]
        return min(ends, default=draft.now_ms)
    if alert.quiet is Quiet.COOLDOWN:
        told = draft.told.get(key)
        return told.until_ms if told else draft.now_ms
    return None


def lost_box_alert(draft: Draft, rules: tuple[str, ...], box: str) -> str | None:
    """The alert that says `box` is lost by one of `rules`; empty when a person closed it; None: it is not lost."""
    seen = draft.boxes.get(box)
    if seen is None or not seen.lost or not rules:
        return None
    for _, alert in draft.alerts.sorted():
        if any(hold.split("|", 1)[0] in rules and hold.split("|")[1] == box for hold in alert.holds):
            return alert.id
    return ""


def _raise(
    draft: Draft, rule: Rule, known: Known, why: Why, key: str, severity: Severity, at_ms: int
) -> OpenAlert:
    source = f"{rule.id}|{known.key}"
    alert_id = draft.alert_id(rule.hazard, known.place)
    draft.raised += 1
    quiet, by = _covered(draft, rule, rule.hazard, known.place, known.path, known)
    if quiet is None and rule.hazard not in LIFE_SAFETY:
        told = draft.told.get(key)
        if told is not None and told.at_ms <= draft.now_ms < told.until_ms:
            quiet = Quiet.COOLDOWN
    alert = OpenAlert(
        alert_id,
        rule.hazard,
        severity,
        rule.certainty,
        known.place,
        known.path,
        rule.id,
        known.device,
        draft.now_ms,
        1,
        None,
        0,
        quiet,
        by,
        (source,),
        (source,) if rule.lasts else (),
        not rule.resolves,
    )
    alert = (
        _with_told(draft, alert, rule.cooldown_ms) if quiet is None else _with_quiet(draft, alert, quiet, by)
    )
    draft.alerts.put(key, alert)
    draft.touched.add(alert_id)
    draft.decisions.append(
        Raise(
            alert_id,
            rule.hazard,
            severity,
            rule.certainty,
            known.place,
            rule.id,
            draft.item_id,
            known.device,
            at_ms,
            draft.late_ms,
            quiet,
            by,
            why,
        )
    )
    return alert


def _with_told(draft: Draft, alert: OpenAlert, cooldown_ms: int) -> OpenAlert:
    draft.told.drop(_key(alert))
    return replace(alert, told_ms=draft.now_ms, cool_ms=draft.now_ms + cooldown_ms, quiet=None, quiet_by="")


def _with_quiet(draft: Draft, alert: OpenAlert, quiet: Quiet, by: str) -> OpenAlert:
    alert = replace(alert, quiet=quiet, quiet_by=by)
    ends = quiet_ends_ms(draft, _key(alert), alert)
    if ends is not None:
        draft.wake(ends)
    return alert


def _covered(
    draft: Draft, rule: Rule, hazard: Hazard, place: str, path: tuple[str, ...], known: Known
) -> tuple[Quiet | None, str]:
    silence = _silence_over(draft, hazard, (place, *path), known.device, rule.id)
    if silence:
        return Quiet.SILENCED, silence
    if rule.inhibited_by and hazard not in LIFE_SAFETY:
        by = lost_box_alert(draft, rule.inhibited_by, known.box)
        if by:
            return Quiet.INHIBITED, by
    return None, ""


def _stays_told(draft: Draft, alert: OpenAlert) -> bool:
    """Whether it was announced for something that no silence covers: a silenced repeat is counted, and mutes nothing."""
    if alert.told_ms is None or alert.quiet is not None:
        return False
    places = (alert.place, *alert.path)
    parts = (source.split("|") for source in alert.sources)
    return any(not _silence_over(draft, alert.hazard, places, device, rule) for rule, _, device in parts)


def _still_quiet(draft: Draft, key: str, alert: OpenAlert) -> tuple[Quiet | None, str]:
    silence = _silence_over(draft, alert.hazard, (alert.place, *alert.path), alert.device, alert.rule)
    if silence:
        return Quiet.SILENCED, silence
    if alert.quiet is Quiet.INHIBITED:
        if any(other.id == alert.quiet_by and other.holds for other in draft.alerts.rows.values()):
            return Quiet.INHIBITED, alert.quiet_by
    elif alert.quiet is Quiet.COOLDOWN:
        told = draft.told.get(key)
        if told is not None and told.at_ms <= draft.now_ms < told.until_ms:
            return Quiet.COOLDOWN, ""
    return None, ""


def _silence_over(draft: Draft, hazard: Hazard, places: tuple[str, ...], device: str, rule: str) -> str:
    """The id of a silence that covers this now; the one that ends last, then the lowest id."""
    found: list[SilenceHeld] = []
    for held in draft.silences.rows.values():
        if _is_on(draft, held) and (held.approved or hazard not in LIFE_SAFETY):
            facts = {"hazard": (str(hazard),), "place": places, "device": (device,), "rule": (rule,)}
            facts["site"] = (draft.state.site,)
            if held.matchers and all(value in facts.get(name, ()) for name, value in held.matchers):
                found.append(held)
    return min(found, key=lambda held: (-held.end_ms, held.id)).id if found else ""


def _is_on(draft: Draft, held: SilenceHeld) -> bool:
    return held.start_ms <= draft.now_ms < held.end_ms


def _key(alert: OpenAlert) -> str:
    return f"{alert.hazard}|{alert.place}"


def _add(values: tuple[str, ...], value: str) -> tuple[str, ...]:
    """At most MAX_SOURCES; a source too many stays unlisted and so is told of as news."""
    return values if value in values or len(values) >= MAX_SOURCES else (*values, value)
