"""Fusion: independent devices that agree make a suspicion certain.

A scope is a building (or a place, or the compound). Devices outdoors, at the compound itself, see every building of
it: a yard camera's flame and a smoke detector of any building confirm a fire in that building. That may name the wrong
building of two; in doubt, alarm. Devices are independent when they are different devices.
"""

from dataclasses import replace
from typing import Any

from server.alerts.engine.draft import Draft
from server.alerts.engine.raising import alarm, strengthen
from server.alerts.engine.state import MAX_MARKS, Known, Mark, OpenAlert
from server.alerts.model import Certainty, EventItem, Hazard
from server.alerts.rules.compiled import Fusion

OUTDOORS = ""


def confirm_by_event(
    draft: Draft, fusion: Fusion, known: Known, item: EventItem, source: dict[str, Any]
) -> bool:
    """An event takes part; true when the hazard is confirmed."""
    return _take_part(draft, fusion, known, source, alone=item.kind in fusion.override)


def confirm_by_rule(
    draft: Draft, rule: str, known: Known, source: dict[str, Any], at_ms: int | None = None
) -> None:
    """A rule's alert takes part in the fusions that name the rule, at `at_ms` (or at the item's time)."""
    for fusion in draft.pack.fusions_by_rule.get(rule, ()):
        _take_part(draft, fusion, known, source, alone=False, at_ms=at_ms)


def forget_marks(draft: Draft, alert: OpenAlert) -> None:
    """Somebody has looked: what its sources said so far confirms nothing any more."""
    devices = {source.split("|", 1)[1] for source in alert.sources}
    prefixes = tuple(f"{fusion.id}|" for fusions in _all_fusions(draft) for fusion in fusions)
    for key, marks in draft.windows.sorted():
        if key.startswith(prefixes):
            kept = tuple(mark for mark in marks if mark.device not in devices)
            if not kept:
                draft.windows.drop(key)
            elif len(kept) < len(marks):
                draft.windows.put(key, kept)


def _take_part(
    draft: Draft,
    fusion: Fusion,
    known: Known,
    source: dict[str, Any],
    *,
    alone: bool,
    at_ms: int | None = None,
) -> bool:
    at = draft.at_ms if at_ms is None else at_ms
    kind = str(source.get("kind") or source.get("metric") or "")
    mark = Mark(at, known.key, str(source["item"]), kind, known.place, known.path)
    own = _scope_of(fusion, known)
    key = f"{fusion.id}|{own}"
    others = tuple(
        m for m in (draft.windows.get(key) or ()) if m.device != mark.device or m.at_ms > mark.at_ms
    )
    if others != (draft.windows.get(key) or ()):
        draft.windows.put(key, others)
    draft.mark(key, mark, MAX_MARKS)
    confirmed = False
    for scope in _scopes_seen(draft, fusion, own):
        group = _agreeing(_marks(draft, fusion, scope), mark, fusion.window_ms)
        if alone or len({m.device for m in group}) >= fusion.n:
            _confirm(draft, fusion, known, source, scope, group, alone=alone)
            confirmed = True
        alone = False
    return confirmed


def _scope_of(fusion: Fusion, known: Known) -> str:
    if fusion.scope == "building":
        return known.building
    return known.place if fusion.scope == "place" else OUTDOORS


def _scopes_seen(draft: Draft, fusion: Fusion, own: str) -> list[str]:
    """The device's own scope first; a device outdoors counts for every building in which something was seen."""
    if fusion.scope != "building" or own != OUTDOORS:
        return [own]
    prefix = f"{fusion.id}|"
    return sorted(key.removeprefix(prefix) for key in draft.windows.rows if key.startswith(prefix))


def _marks(draft: Draft, fusion: Fusion, scope: str) -> tuple[Mark, ...]:
    marks = draft.windows.get(f"{fusion.id}|{scope}") or ()
    if fusion.scope == "building" and scope != OUTDOORS:
        marks = (*marks, *(draft.windows.get(f"{fusion.id}|{OUTDOORS}") or ()))
    return marks


def _agreeing(marks: tuple[Mark, ...], new: Mark, window_ms: int) -> tuple[Mark, ...]:
    """The span of `window_ms` around the new mark that holds the most devices; the earliest of equals."""
    best: tuple[Mark, ...] = (new,)
    near = [mark for mark in marks if abs(mark.at_ms - new.at_ms) <= window_ms]
    for start in sorted({mark.at_ms for mark in near if mark.at_ms <= new.at_ms}):
        group = tuple(mark for mark in near if start <= mark.at_ms <= start + window_ms)
        if len({mark.device for mark in group}) > len({mark.device for mark in best}):
            best = group
    return best


def _confirm(
    draft: Draft,
    fusion: Fusion,
    known: Known,
    source: dict[str, Any],
    scope: str,
    group: tuple[Mark, ...],
    *,
    alone: bool,
) -> None:
    devices = {mark.device for mark in group}
    places = {mark.place for mark in group}
    linked = tuple(
        a for _, a in draft.alerts.sorted() if a.hazard is not Hazard.DEVICE and _shares(a, devices)
    )
    why = {
        "sources": [source, *(_source_of(mark) for mark in group if mark.item != source["item"])],
        "n": len(devices),
        "limit_n": fusion.n,
        "window_s": fusion.window_ms / 1000,
        "scope": scope or known.path[0],
    }
    same = [
        alert
        for _, alert in draft.alerts.sorted()
        if alert.hazard is fusion.hazard and _is_same(alert, scope, devices, places, group, fusion)
    ]
    for alert in _to_confirm(same, fusion, group, alone=alone):
        others = tuple(other for other in linked if other.id != alert.id)
        strengthen(
            draft,
            alert,
            fusion,
            known,
            _whole_why(draft, fusion, why, others),
            severity=fusion.severity,
            certainty=Certainty.CONFIRMED,
            linked=others,
        )
        _add_group(draft, fusion, alert, group)
    if not same:
        first = min(group, key=lambda mark: (-len(mark.path), mark.at_ms, mark.device))
        box, _, device = first.device.partition("|")
        at = replace(known, device=device, box=box, place=first.place, path=first.path)
        alert = alarm(draft, fusion, at, why, linked=linked)
        _add_group(draft, fusion, alert, group)


def _to_confirm(
    same: list[OpenAlert], fusion: Fusion, group: tuple[Mark, ...], *, alone: bool
) -> list[OpenAlert]:
    """Which open alerts of this fire become certain; one that is certain already is repeated.

    Of several suspicions the most specific, then the oldest; the others are linked to it. Where one is certain
    already, a further one becomes so when `n` devices agree at its own place, or a person confirms by hand.
    """
    guesses = [alert for alert in same if alert.certainty is Certainty.SUSPECTED]
    guesses.sort(key=lambda alert: (-len(alert.path), alert.raised_ms, alert.place))
    sure = [alert for alert in same if alert.certainty is Certainty.CONFIRMED]
    if alone or not sure:
        return guesses[:1] or sure[:1]
    local = [
        alert
        for alert in guesses
        if len({mark.device for mark in group if alert.place in mark.path}) >= fusion.n
    ]
    return local or sure[:1]


def _is_same(
    alert: OpenAlert,
    scope: str,
    devices: set[str],
    places: set[str],
    group: tuple[Mark, ...],
    fusion: Fusion,
) -> bool:
    """Whether an open alert is about this fire, and not about another one in the same building."""
    if fusion.scope == "building" and alert.building != scope:
        if alert.building != OUTDOORS or not _shares(alert, devices):
            return False
        # One seen from outdoors and already certain through another building leaves this building its own alert.
        inside = {mark.device for mark in group if len(mark.path) > 1}
        return alert.certainty is Certainty.SUSPECTED or _shares(alert, inside)
    return alert.place in places or _shares(alert, devices)


def _whole_why(
    draft: Draft, fusion: Fusion, why: dict[str, Any], linked: tuple[OpenAlert, ...]
) -> dict[str, Any]:
    late = {"late_ms": draft.late_ms} if draft.late_ms else {}
    return {**fusion.about, **why, **late, "linked": [alert.id for alert in linked]}


def _shares(alert: OpenAlert, devices: set[str]) -> bool:
    return any(source.split("|", 1)[1] in devices for source in alert.sources)


def _add_group(draft: Draft, fusion: Fusion, alert: OpenAlert, group: tuple[Mark, ...]) -> None:
    """Note all devices that agreed as sources, so that a further one finds this alert."""
    key = f"{alert.hazard}|{alert.place}"
    current = draft.alerts.get(key)
    if current is None:
        return
    new = [f"{fusion.id}|{mark.device}" for mark in group]
    missing = tuple(source for source in dict.fromkeys(new) if source not in current.sources)
    if missing:
        draft.alerts.put(key, replace(current, sources=(*current.sources, *missing)[:64]))


def _source_of(mark: Mark) -> dict[str, Any]:
    box, _, device = mark.device.partition("|")
    return {
        "device": device,
        "box": box,
        "place": mark.place,
        "item": mark.item,
        "kind": mark.kind,
        "at_ms": mark.at_ms,
    }


def _all_fusions(draft: Draft) -> list[tuple[Fusion, ...]]:
    return [*draft.pack.fusions_by_kind.values(), *draft.pack.fusions_by_rule.values()]
