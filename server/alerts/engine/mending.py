"""A server clock that was set back: what the state remembers must not lie ahead of now, or it would wait for it.

Items never bring a time later than now (`Draft` sees to that), so a time ahead of now tells that the clock was ahead.
"""

from dataclasses import replace

from server.alerts.engine.draft import Draft
from server.alerts.engine.state import BoxSeen, Level, Seen
from server.alerts.rules.compiled import Threshold


def mended_level(draft: Draft, rule: Threshold, level: Level) -> Level:
    """The same level with no time ahead: what is pending becomes due after the rule's time from now, at the latest."""
    now = draft.now_ms
    latest = now + rule.for_ms
    if level.last_ms <= now and level.since_ms <= now and (level.due_ms is None or level.due_ms <= latest):
        return level
    due = None if level.due_ms is None else min(level.due_ms, latest)
    return replace(level, since_ms=min(level.since_ms, now), last_ms=min(level.last_ms, now), due_ms=due)


def mended_seen(draft: Draft, seen: Seen, step_ms: int) -> Seen:
    """The same device, heard now at the latest, and due a silence (and a step, twice at most) from now."""
    now = draft.now_ms
    latest = now + seen.silence_ms + 2 * step_ms
    if seen.at_ms <= now and (seen.due_ms is None or seen.due_ms <= latest):
        return seen
    due = None if seen.due_ms is None else min(seen.due_ms, now + seen.silence_ms + step_ms)
    return replace(seen, at_ms=min(seen.at_ms, now), due_ms=due)


def mended_box(draft: Draft, box: BoxSeen) -> BoxSeen:
    """The same box, told of before now, and due the rule's time from now at the latest."""
    now = draft.now_ms
    latest = now + (draft.pack.box_rule.for_ms if draft.pack.box_rule else 0)
    if box.at_ms <= now and (box.due_ms is None or box.due_ms <= latest):
        return box
    due = None if box.due_ms is None else min(box.due_ms, latest)
    return replace(box, at_ms=min(box.at_ms, now - 1), due_ms=due)


def mend_all(draft: Draft, step_ms: int) -> None:
    """Mend everything, and look at what is due: at a wake-up, which also comes when a clock was set back."""
    for key, level in draft.levels.sorted():
        rule = draft.pack.by_id.get(key.split("|", 1)[0])
        if isinstance(rule, Threshold):
            draft.levels.put(key, mended_level(draft, rule, level))
    for key, seen in draft.seen.sorted():
        # A device whose lost box explains its silence waits for a time of the box's (presence.miss_due).
        if seen.known.box not in draft.boxes.rows or draft.boxes.rows[seen.known.box].online:
            draft.seen.put(key, mended_seen(draft, seen, step_ms))
    for key, box in draft.boxes.sorted():
        draft.boxes.put(key, mended_box(draft, box))
    if draft.levels.changed or draft.seen.changed or draft.boxes.changed:
        draft.wake(draft.now_ms)
