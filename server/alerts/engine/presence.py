"""Dead man: devices that fall silent, and boxes that go away and come back.

A device counts as missing `factor` x its longest regular silence + PRESENCE_STEP_MS after it was last heard. The step
is added because presence less than a step newer than what is known is not taken (so that ten thousand devices do not
write state with every reading), and so may be missing from the memory.
"""

from dataclasses import replace

from server.alerts.engine.draft import Draft
from server.alerts.engine.mending import mended_box
from server.alerts.engine.raising import alarm, end, lost_box_alert
from server.alerts.engine.state import BoxSeen, Known, Seen
from server.alerts.model import BoxItem, Quiet
from server.alerts.rules.compiled import Absence

PRESENCE_STEP_MS = 30_000


def heard(draft: Draft, known: Known, heartbeat_s: float | None) -> None:
    """The device gave a sign of life at the item's time, and so did its box."""
    seen = draft.seen.get(known.key)
    if seen is not None and draft.at_ms - seen.at_ms < PRESENCE_STEP_MS and seen.at_ms <= draft.now_ms:
        return
    hear_box(draft, known)
    rule = draft.pack.absence_for(known.kind)
    if rule is None:
        return
    silence_ms = _silence_ms(rule, heartbeat_s)
    if silence_ms is None:
        return
    # At least a step from now: a box that was away sends its backlog first, and that is old.
    due = max(draft.at_ms + silence_ms, draft.now_ms) + PRESENCE_STEP_MS
    draft.seen.put(known.key, Seen(draft.at_ms, due, silence_ms, False, rule.id, known))
    draft.wake(due)
    if seen is not None and seen.missing:
        old = draft.pack.by_id.get(seen.rule, rule)
        end(draft, old, seen.known, {"heard_ms": draft.at_ms})


def miss_due(draft: Draft) -> None:
    """Devices that have been silent for too long."""
    for key, seen in draft.seen.sorted():
        if seen.due_ms is None or seen.due_ms > draft.now_ms:
            continue
        rule = draft.pack.by_id.get(seen.rule)
        if not isinstance(rule, Absence):
            draft.seen.drop(key)
            continue
        box = draft.boxes.get(seen.known.box)
        if rule.inhibited_by and box is not None and not box.online:
            _postpone(draft, rule, key, seen, box)
            continue
        draft.seen.put(key, replace(seen, due_ms=None, missing=True))
        source = {
            "device": seen.known.device,
            "box": seen.known.box,
            "place": seen.known.place,
            "last_heard_ms": seen.at_ms,
        }
        why = {
            "sources": [source],
            "silent_s": (draft.now_ms - seen.at_ms) / 1000,
            "limit_s": seen.silence_ms / 1000,
        }
        alarm(draft, rule, seen.known, why, at_ms=draft.now_ms)


def take_box(draft: Draft, item: BoxItem, known: Known) -> None:
    """A box's birth message or last will. What is older than the last one says nothing."""
    if draft.pack.box_rule is None:
        return
    box = _box_of(draft, known)
    if box is not None and draft.at_ms < box.at_ms:
        return
    if item.online:
        if box is None or not box.online:
            _return(draft, known, box)
        return
    due = draft.now_ms + draft.pack.box_rule.for_ms
    if box is None or box.online:
        draft.boxes.put(known.box, BoxSeen(False, draft.at_ms, due, False, item.reason[:100], known))
        draft.wake(due)
    elif (
        box.lost
        and draft.at_ms > box.at_ms
        and not lost_box_alert(draft, (draft.pack.box_rule.id,), known.box)
    ):
        # Said anew after a person closed the alert.
        draft.boxes.put(known.box, replace(box, at_ms=draft.at_ms, due_ms=due, lost=False))
        draft.wake(due)


def hear_box(draft: Draft, known: Known) -> None:
    """Something newer than its last will came from a box: it is back, although its birth message is still missing."""
    box = _box_of(draft, known)
    if box is not None and not box.online and draft.at_ms > box.at_ms:
        _return(draft, box.known, box)


def lose_due(draft: Draft) -> None:
    """Boxes that have been away for too long."""
    for key, box in draft.boxes.sorted():
        if box.due_ms is None or box.due_ms > draft.now_ms:
            continue
        rule = draft.pack.box_rule
        draft.boxes.put(key, replace(box, due_ms=None, lost=rule is not None))
        if rule is None:
            continue
        source = {
            "device": box.known.device,
            "box": box.known.box,
            "place": box.known.place,
            "away_since_ms": box.at_ms,
        }
        why = {"sources": [source], "reason": box.reason, "for_s": rule.for_ms / 1000}
        alarm(draft, rule, box.known, why, at_ms=draft.now_ms)


def _box_of(draft: Draft, known: Known) -> BoxSeen | None:
    box = draft.boxes.get(known.box)
    return None if box is None else mended_box(draft, box)


def _return(draft: Draft, known: Known, box: BoxSeen | None) -> None:
    draft.boxes.put(known.box, BoxSeen(True, draft.at_ms, None, False, "", known))
    if box is None:
        return
    rule = draft.pack.box_rule
    if box.lost and rule is not None:
        end(draft, rule, box.known, {"back_ms": draft.at_ms})
        draft.wake(draft.now_ms)  # what the loss had kept quiet is told at the end of this step
    for key, seen in draft.seen.sorted():
        if seen.known.box == known.box and not seen.missing:
            due = draft.now_ms + seen.silence_ms + PRESENCE_STEP_MS
            draft.seen.put(key, replace(seen, due_ms=due))
            draft.wake(due)


def _postpone(draft: Draft, rule: Absence, key: str, seen: Seen, box: BoxSeen) -> None:
    """The box explains the silence. Its devices get their full time again when it is back."""
    if box.due_ms is not None:
        draft.seen.put(key, replace(seen, due_ms=box.due_ms + 1))
        draft.wake(box.due_ms + 1)
        return
    draft.seen.put(key, replace(seen, due_ms=None))
    by = lost_box_alert(draft, rule.inhibited_by, seen.known.box) or "closed by a person"
    draft.suppress(Quiet.INHIBITED, seen.known, rule.id, f"its box {seen.known.box} is lost (alert {by})")


def _silence_ms(rule: Absence, heartbeat_s: float | None) -> int | None:
    longest_s = rule.heartbeat_s if heartbeat_s is None else heartbeat_s
    if longest_s is None or not 0 < longest_s < 1e9:
        return None
    return round(rule.factor * longest_s * 1000)
