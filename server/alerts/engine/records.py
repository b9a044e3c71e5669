"""Items and decisions as JSON objects, one a line: the log that a dry run and a replay read and write.

An item's line has `type` (event, reading, presence, box, doubt, closed, silence, wake), the fields of its class in
`server.alerts.model`, and `now_ms`, when the server took it (left out: `at_ms`). `site` and `exercise` of the whole
log are not in it. A decision's line has `decision` and the fields of its class.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from redwhistle.contracts.codec import describe
from redwhistle.errors import Malformed
from server.alerts.engine.state import SiteState
from server.alerts.model import (
    BoxItem,
    ClosedItem,
    ConditionEnded,
    Decision,
    DoubtItem,
    EventItem,
    Item,
    PresenceItem,
    Raise,
    ReadingItem,
    Repeat,
    SilenceItem,
    Suppressed,
    Upgrade,
    WakeItem,
)

_ITEMS: Mapping[str, type[Any]] = {
    "event": EventItem,
    "reading": ReadingItem,
    "presence": PresenceItem,
    "box": BoxItem,
    "doubt": DoubtItem,
    "closed": ClosedItem,
    "silence": SilenceItem,
    "wake": WakeItem,
}
_ITEM_NAMES = {kind: name for name, kind in _ITEMS.items()}
_ADAPTERS = {name: TypeAdapter(kind) for name, kind in _ITEMS.items()}
_DECISIONS: Mapping[type[Any], str] = {
    Raise: "raise",
    Repeat: "repeat",
    Upgrade: "upgrade",
    ConditionEnded: "condition_ended",
    Suppressed: "suppressed",
}
_DECISION_ADAPTERS = {kind: TypeAdapter(kind) for kind in _DECISIONS}
MAX_LINE = 64 * 1024


class Entry(NamedTuple):
    """One line of a log."""

    item: Item
    now_ms: int


def write_item(item: Item, now_ms: int) -> str:
    """One line, canonical, without its line break."""
    name = _ITEM_NAMES[type(item)]
    fields = _ADAPTERS[name].dump_python(item, mode="json")
    return _canonical({"type": name, "now_ms": now_ms, **fields})


def read_item(line: str) -> Entry:
    """Raise Malformed, saying what to correct, for anything that is not an item."""
    if len(line) > MAX_LINE:
        raise Malformed(f"{len(line)} characters in a line, {MAX_LINE} are allowed")
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}"[:200]) from error
    if not isinstance(fields, dict):
        raise Malformed("not a JSON object")
    name = fields.pop("type", None)
    adapter = _ADAPTERS.get(name) if isinstance(name, str) else None
    if adapter is None:
        raise Malformed(f"type is {str(name)[:40]!r}; use one of: {', '.join(_ITEMS)}")
    now_ms = fields.pop("now_ms", fields.get("at_ms"))
    if isinstance(now_ms, bool) or not isinstance(now_ms, int):
        raise Malformed("now_ms (or at_ms) must be a whole number of milliseconds")
    try:
        item: Item = adapter.validate_python(fields)
    except ValidationError as error:
        raise Malformed(describe(error)) from error
    return Entry(item, now_ms)


def write_decision(decision: Decision) -> str:
    """One line, canonical, without its line break: equal decisions are equal bytes."""
    kind = type(decision)
    fields = _DECISION_ADAPTERS[kind].dump_python(decision, mode="json")
    return _canonical({"decision": _DECISIONS[kind], **fields})


def name_of(decision: Decision) -> str:
    """The value of `decision` in its line."""
    return _DECISIONS[type(decision)]


def sentence(decision: Decision) -> str:
    """One decision in one line for people."""
    name = name_of(decision)
    if isinstance(decision, Suppressed):
        return f"{decision.at_ms} {name:<15} {decision.reason}: {decision.rule or '-'} {decision.device} {decision.detail}"
    short = decision.alert_id[:8]
    if isinstance(decision, ConditionEnded):
        return f"{decision.at_ms} {name:<15} {short} {'resolves' if decision.resolves else 'stays open'}"
    told = f"quiet ({decision.quiet})" if decision.quiet else "announced"
    rule = str(decision.why.get("rule", ""))
    if isinstance(decision, Raise):
        what = f"{decision.hazard}/{decision.certainty} {int(decision.severity)} at {decision.place}"
    elif isinstance(decision, Upgrade):
        what = f"{decision.hazard}/{decision.certainty} {int(decision.severity)}"
    else:
        what = f"no. {decision.count}"
    return f"{decision.at_ms} {name:<15} {short} {what} by {rule} ({decision.device}), {told}"


def pass_time(
    state: SiteState, until_ms: int, step: Callable[[SiteState, Item, int], SiteState]
) -> SiteState:
    """Take the wake-ups that the engine asked for up to `until_ms`, each at its time."""
    while (at_ms := state.wake_at_ms) is not None and at_ms <= until_ms:
        state = step(state, WakeItem(f"wake-{at_ms}", at_ms), at_ms)
        if state.wake_at_ms == at_ms:
            break
    return state


def _canonical(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
