"""The one function of the engine. It raises no error for any item: what fails inside becomes an alert."""

from server.alerts.engine.builtin import (
    DOUBT_DEVICE,
    DOUBT_LIFE,
    LIFE_SAFETY_DEVICES,
    LIFE_SAFETY_KINDS,
    PLAIN,
    RULE_FAILED,
)
from server.alerts.engine.draft import Draft, clean_text, known_of
from server.alerts.engine.events import KNOWN_KINDS, is_alarm, source_of, take_event
from server.alerts.engine.fusion import forget_marks
from server.alerts.engine.levels import fire_due, take_reading
from server.alerts.engine.mending import mend_all
from server.alerts.engine.presence import PRESENCE_STEP_MS, heard, lose_due, miss_due, take_box
from server.alerts.engine.raising import alarm, announce_due, forget, quiet_ends_ms
from server.alerts.engine.state import MAX_SILENCES, Known, SilenceHeld, SiteState
from server.alerts.model import (
    BoxItem,
    ClosedItem,
    Decision,
    DoubtItem,
    EventItem,
    Item,
    PresenceItem,
    ReadingItem,
    Severity,
    SilenceItem,
    Subject,
    WakeItem,
)
from server.alerts.rules.pack import Pack

Outcome = tuple[SiteState, tuple[Decision, ...]]
_NOTHING: tuple[Decision, ...] = ()


def decide(pack: Pack, state: SiteState, item: Item, now_ms: int) -> Outcome:
    """Judge one item that the server took at `now_ms`; the same state object comes back when nothing changed.

    Deterministic: the same pack, state, item and time give the same result, byte for byte, when it is stored.
    """
    try:
        if type(item) is ReadingItem:
            bounds = pack.bounds.get(item.metric)
            if bounds is None:
                return state, _NOTHING
            inside = bounds[0] < item.value < bounds[1]
            if inside and (item.subject.device, item.metric) not in state.hot:
                return state, _NOTHING
        elif type(item) is PresenceItem:
            seen = state.seen.get(f"{item.subject.box}|{item.subject.device}")
            if seen is not None and item.at_ms - seen.at_ms < PRESENCE_STEP_MS and seen.at_ms <= now_ms:
                return state, _NOTHING
        draft = Draft(pack, state, item.id, item.at_ms, now_ms, getattr(item, "late_ms", 0))
        _take(draft, item)
        return _close_step(draft)
    except Exception as error:  # whatever it is: an alarm must come out of an alarm
        return _decide_plainly(pack, state, item, now_ms, error)


def _take(draft: Draft, item: Item) -> None:
    match item:
        case ReadingItem():
            known = known_of(item.subject)
            heard(draft, known, item.subject.heartbeat_s)
            take_reading(draft, item, known)
        case PresenceItem():
            heard(draft, known_of(item.subject), item.subject.heartbeat_s)
        case EventItem():
            if not take_event(draft, item):
                _raise_plain(draft, item)
        case BoxItem():
            take_box(draft, item, known_of(item.subject))
        case DoubtItem():
            _raise_doubt(draft, item)
        case ClosedItem():
            _close_alert(draft, item.alert_id)
        case SilenceItem():
            _keep_silence(draft, item)
        case WakeItem():
            mend_all(draft, PRESENCE_STEP_MS)
        case _:
            raise TypeError(f"{type(item).__name__} is no item of the engine")


def _close_step(draft: Draft) -> Outcome:
    """After the item: what is due by now, and rules that failed."""
    if draft.state.pack != draft.pack.hash:
        _adopt_pack(draft)
    if draft.wake_at_ms is not None and draft.wake_at_ms <= draft.now_ms:
        _take_due(draft)
    for rule, error in draft.troubles:
        _raise_failure(draft, rule, error)
    return draft.finish(), tuple(draft.decisions)


def _take_due(draft: Draft) -> None:
    fire_due(draft)
    lose_due(draft)
    miss_due(draft)
    for key, held in draft.silences.sorted():
        if held.end_ms <= draft.now_ms:
            draft.silences.drop(key)
    announce_due(draft)
    due = [level.due_ms for level in draft.levels.rows.values()]
    due += [seen.due_ms for seen in draft.seen.rows.values()]
    due += [box.due_ms for box in draft.boxes.rows.values()]
    due += [
        quiet_ends_ms(draft, key, alert)
        for key, alert in draft.alerts.rows.items()
        if alert.quiet is not None
    ]
    draft.wake_at_ms = min((at for at in due if at is not None), default=None)


def _adopt_pack(draft: Draft) -> None:
    """Another pack than in the last step: open alerts stay; what rules that are gone remembered goes."""
    known = draft.pack.by_id
    for key, _ in draft.levels.sorted():
        rule = key.split("|", 1)[0]
        if rule not in draft.pack.metric_of:
            draft.levels.drop(key)
    for key, _ in draft.windows.sorted():
        if key.split("|", 1)[0] not in known:
            draft.windows.drop(key)
    for key, seen in draft.seen.sorted():
        if seen.rule not in known:
            draft.seen.drop(key)


def _close_alert(draft: Draft, alert_id: str) -> None:
    for key, alert in draft.alerts.sorted():
        if alert.id == alert_id:
            forget(draft, key, alert)
            draft.told.drop(key)
            forget_marks(draft, alert)
            for device, seen in draft.seen.sorted():
                if seen.missing and f"{seen.rule}|{device}" in alert.sources:
                    draft.seen.drop(device)
            announce_due(draft)


def _keep_silence(draft: Draft, item: SilenceItem) -> None:
    silence = item.silence
    old = draft.silences.get(silence.id)
    if old is not None and old.at_ms > draft.at_ms:
        return
    approved = bool(silence.second_person) and silence.second_person != silence.author
    matchers = tuple(sorted((str(name), str(value)) for name, value in silence.matchers.items()))
    held = SilenceHeld(silence.id, matchers, silence.start_ms, silence.end_ms, approved, draft.at_ms)
    if silence.end_ms > draft.now_ms:
        draft.silences.put(silence.id, held)
        if len(draft.silences.rows) > MAX_SILENCES:
            first = min(draft.silences.rows.values(), key=lambda other: (other.end_ms, other.id))
            draft.silences.drop(first.id)
    else:
        draft.silences.drop(silence.id)
    announce_due(draft)


def _raise_plain(draft: Draft, item: EventItem) -> None:
    reason = f"no rule of the pack decided on {clean_text(item.kind)}"
    if draft.troubles:
        reason = (
            f"the rules for {clean_text(item.kind)} failed: {', '.join(rule for rule, _ in draft.troubles)}"
        )
    known = known_of(item.subject)
    alarm(draft, PLAIN, known, {"reason": reason, "sources": [source_of(item, known)]})


def _raise_doubt(draft: Draft, item: DoubtItem) -> None:
    known = known_of(item.subject)
    lives = item.kind in LIFE_SAFETY_KINDS or (
        item.kind not in KNOWN_KINDS and known.kind in LIFE_SAFETY_DEVICES
    )
    rule = DOUBT_LIFE if lives else DOUBT_DEVICE
    why = {
        "reason": "an alarm could not be read or placed",
        "code": clean_text(item.code),
        "kind": clean_text(item.kind),
    }
    alarm(draft, rule, known, {**why, "detail": clean_text(item.detail)})


def _raise_failure(draft: Draft, rule: str, error: str) -> None:
    """Once for each rule until the alert is closed, at the site itself."""
    if rule in draft.failed.rows:
        return
    site = draft.state.site
    # The rule stands where a device would: each failing rule is a source of its own.
    known = Known(rule, "", "rule", site, (site,), (), "")
    failed = draft.pack.by_id.get(rule)
    severity = None if failed is None or failed.life_safety else Severity.NORMAL
    why = {
        "failed_rule": rule,
        "error": clean_text(error),
        "reason": "this rule gave no answer; correct the pack",
    }
    alert = alarm(draft, RULE_FAILED, known, why, severity=severity)
    draft.failed.put(rule, alert.id)


def _decide_plainly(pack: Pack, state: SiteState, item: Item, now_ms: int, error: Exception) -> Outcome:
    """The step failed: nothing of it is kept, an alarm is raised as it is, and the failure is said once."""
    at_ms, now_ms = _whole(getattr(item, "at_ms", 0)), _whole(now_ms)
    draft = Draft(pack, state, clean_text(getattr(item, "id", "")), at_ms, now_ms)
    is_event_alarm = (
        isinstance(item, EventItem) and item.active is not False and item.test is not True and is_alarm(item)
    )
    if is_event_alarm or isinstance(item, DoubtItem):
        known = _known_plainly(state, getattr(item, "subject", None))
        alarm(draft, PLAIN, known, {"reason": "the engine failed on this item", "error": clean_text(error)})
    _raise_failure(draft, "engine", f"{type(item).__name__}: {type(error).__name__}: {error}")
    return draft.finish(), tuple(draft.decisions)


def _known_plainly(state: SiteState, subject: Subject | None) -> Known:
    place = clean_text(getattr(subject, "place", "") or state.site)
    device, box = clean_text(getattr(subject, "device", "")), clean_text(getattr(subject, "box", ""))
    return Known(device, box, "", place, (place,), (), "")


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
