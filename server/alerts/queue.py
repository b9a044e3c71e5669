"""The queue's rules: which act may be done to a work item, by whom, and what it becomes. Pure; time is an argument.

| act | from | to | who |
|---|---|---|---|
| claim | suspected, open | claimed | anyone of the grid; the first wins, the next is told who |
| renew | claimed, on scene | the same, with a fresh lease | the owner |
| release | claimed, on scene | open or suspected | the owner |
| on scene | claimed | on scene | the owner |
| resolve, false alarm | claimed, on scene | resolved, false alarm | the owner, with a reason |
| undo | resolved, false alarm | what it was before | the owner, until it is closed |
| close | resolved, false alarm | closed | the owner at once; anyone (and `dispatch`) after the undo window |
| comment | any | the same | anyone of the grid, with a text |

A claim is a lease: any act of the owner renews it, and when it runs out the item stands in the queue again (`lapse`).
Resolving does not close: the undo window (10 s) comes first, then `dispatch` closes (`expire_undo`), and only the
close tells the engine, so that the next trigger raises a new alert. Whatever triggers inside the window reopens the item.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from redwhistle.clock import check_utc
from redwhistle.errors import AlreadyClaimed, Changed, NotYours, QueueError, WrongState
from server.alerts.terms import DEFAULT_TERMS, Deadlines, Terms
from server.alerts.work_item import FREE, HELD, SETTLED, Act, Entry, State, Transition, WorkItem

__all__ = [
    "DEFAULT_TERMS",
    "FREE",
    "HELD",
    "SETTLED",
    "Act",
    "Deadlines",
    "Entry",
    "State",
    "Terms",
    "Transition",
    "WorkItem",
    "act",
    "by_urgency",
    "change",
    "check_actor",
    "check_reason",
    "expire_undo",
    "lapse",
    "later",
    "note",
    "reopen",
    "resolve_by_engine",
    "run_out",
]

ENGINE = "engine"
DISPATCH = "dispatch"
RESERVED = frozenset({ENGINE, DISPATCH})
"""Actors that are no persons."""
MAX_ACTOR = 100
MAX_REASON = 1000


def act(
    item: WorkItem,
    what: Act,
    actor: str,
    now: datetime,
    *,
    reason: str = "",
    grid: str | None = None,
    version: int | None = None,
    terms: Terms = DEFAULT_TERMS,
) -> Transition:
    """Do a person's act; raise AlreadyClaimed, WrongState or NotYours.

    `grid` is the grid that the person answers for: another grid's item is NotYours. With `version` the act is done
    only to exactly that version; what is refused anyway is refused for its own reason, else it is Changed. A claim that
    has run out lapses first, whoever acts.
    """
    check_utc(now)
    who = check_actor(actor)
    why = check_reason(reason)
    if grid is not None and grid != item.grid:
        raise NotYours(f"{item.name} belongs to grid {item.grid}, not {grid}: ask a worker of {item.grid}")
    if what not in _ACTS:
        raise WrongState(f"{what} is not an act of a person")
    lapsed = lapse(item, now)
    start, before = (lapsed.item, lapsed.entries) if lapsed else (item, ())
    done = _ACTS[what](start, who, now, why, terms)
    if version is not None and version != item.version:
        raise Changed(f"{item.name} has changed (version {item.version}, not {version}): look at it again")
    return Transition(done.item, before + done.entries)


def lapse(item: WorkItem, now: datetime) -> Transition | None:
    """Back into the queue when the claim has run out; None while it holds or where there is none."""
    if item.state not in HELD or item.lease_until is None or now < item.lease_until:
        return None
    return run_out(item, now)


def run_out(item: WorkItem, now: datetime) -> Transition:
    """Back into the queue whatever its lease says: for a claim that ends later than any claim can."""
    text = f"the claim of {item.owner} ran out"
    return _move(item, Act.LAPSE, DISPATCH, now, text, _freed(item), data={"owner": item.owner})


def expire_undo(item: WorkItem, now: datetime, terms: Terms = DEFAULT_TERMS) -> Transition | None:
    """Closed when the undo window is over, or ends later than any can (the clock was set back); None before."""
    if item.state not in SETTLED or item.closes_at is None:
        return None
    if now < item.closes_at <= later(now, 2 * terms.undo_s + 60):
        return None
    return _close(item, DISPATCH, now, "the undo window is over")


def resolve_by_engine(item: WorkItem, now: datetime, reason: str) -> Transition:
    """Resolved and closed at once: the cause is gone and nobody need look. What a person settled keeps its outcome."""
    if item.state is State.CLOSED:
        return Transition(item, ())
    settled = Transition(item, ())
    if item.state not in SETTLED:
        settled = _settle(item, State.RESOLVED, Act.RESOLVE, ENGINE, now, reason, now)
    closed = _close(settled.item, ENGINE, now, reason)
    return Transition(closed.item, settled.entries + closed.entries)


def reopen(item: WorkItem, now: datetime, terms: Terms = DEFAULT_TERMS) -> Transition:
    """Back into the queue, free and due anew: it was triggered after somebody had called it settled."""
    due = later(now, 60 * terms.deadlines.minutes(item.hazard, item.severity))
    change = replace(_freed(item), deadline_at=due, closed_at=None, closed_by=None)
    return _move(item, Act.REOPEN, ENGINE, now, "triggered again after it was settled", change)


def change(item: WorkItem, after: WorkItem, what: Act, now: datetime, reason: str, **data: Any) -> Transition:
    """A change by the engine that is more than a repeat: `after` with a new version, and its history."""
    return _move(item, what, ENGINE, now, reason, after, data=data)


def note(item: WorkItem, what: Act, now: datetime, reason: str, **data: Any) -> Transition:
    """The engine's line in the history that leaves the version alone."""
    return Transition(item, (_entry(item, item, what, ENGINE, now, reason, data),))


def by_urgency(items: Iterable[WorkItem], now: datetime) -> list[WorkItem]:
    """Severity, then time to the deadline (what is overdue longest comes first), then number."""
    return sorted(items, key=lambda item: (item.severity, item.deadline_at - now, item.number, item.id))


def later(now: datetime, seconds: float) -> datetime:
    """`now` plus `seconds`, or the last moment that there is."""
    try:
        return now + timedelta(seconds=seconds)
    except OverflowError:
        return _LAST


def check_actor(actor: str) -> str:
    """The name without blanks around it; raise QueueError for none, one too long, or one that is no person's."""
    name = " ".join(actor.split())
    if not name or len(name) > MAX_ACTOR or not name.isprintable():
        raise QueueError(f"give your name: 1 to {MAX_ACTOR} printable characters")
    if name.casefold() in RESERVED:
        raise QueueError(f"{name!r} is the system's own name: give yours")
    return name


def check_reason(reason: str) -> str:
    """The text without blanks around it; raise QueueError for one too long or with control characters."""
    text = reason.strip()
    if len(text) > MAX_REASON:
        raise QueueError(f"the text has {len(text)} characters, {MAX_REASON} are allowed: shorten it")
    if any(not c.isprintable() and c not in "\n\t" for c in text):
        raise QueueError("the text has control characters: take them out")
    return text


_LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def _claim(item: WorkItem, actor: str, now: datetime, reason: str, terms: Terms) -> Transition:
    if item.state in HELD:
        if item.owner != actor:
            raise AlreadyClaimed(item.name, item.owner or "somebody")
        return _renew(item, actor, now, reason, terms)
    if item.state not in FREE:
        raise WrongState(f"{item.name} is {item.state}: there is nothing left to claim")
    after = replace(item, state=State.CLAIMED, owner=actor, lease_until=later(now, terms.lease_s))
    return _move(item, Act.CLAIM, actor, now, reason, after)


def _renew(item: WorkItem, actor: str, now: datetime, reason: str, terms: Terms) -> Transition:
    _must_hold(item, actor)
    return _move(item, Act.RENEW, actor, now, reason, replace(item, lease_until=later(now, terms.lease_s)))


def _release(item: WorkItem, actor: str, now: datetime, reason: str, terms: Terms) -> Transition:  # noqa: ARG001
    _must_hold(item, actor)
    return _move(item, Act.RELEASE, actor, now, reason, _freed(item))


def _on_scene(item: WorkItem, actor: str, now: datetime, reason: str, terms: Terms) -> Transition:
    _must_hold(item, actor)
    if item.state is State.ON_SCENE:
        return _renew(item, actor, now, reason, terms)
    after = replace(item, state=State.ON_SCENE, lease_until=later(now, terms.lease_s))
    return _move(item, Act.ON_SCENE, actor, now, reason, after)


def _resolve(item: WorkItem, actor: str, now: datetime, reason: str, terms: Terms) -> Transition:
    _must_hold(item, actor)
    _must_have(reason, "say what was done: a reason is needed to resolve")
    return _settle(item, State.RESOLVED, Act.RESOLVE, actor, now, reason, later(now, terms.undo_s), terms)


def _false_alarm(item: WorkItem, actor: str, now: datetime, reason: str, terms: Terms) -> Transition:
    _must_hold(item, actor)
    _must_have(reason, "say what it was: a reason is needed to call it a false alarm")
    return _settle(
        item, State.FALSE_ALARM, Act.FALSE_ALARM, actor, now, reason, later(now, terms.undo_s), terms
    )


def _undo(item: WorkItem, actor: str, now: datetime, reason: str, terms: Terms) -> Transition:
    if item.state not in SETTLED or item.settled_from is None:
        raise WrongState(f"{item.name} is {item.state}: there is nothing to undo")
    _must_own(item, actor)
    after = replace(
        item,
        state=item.settled_from,
        lease_until=later(now, terms.lease_s),
        settled_from=None,
        outcome=None,
        closes_at=None,
    )
    return _move(item, Act.UNDO, actor, now, reason, after)


def _close_by_person(item: WorkItem, actor: str, now: datetime, reason: str, terms: Terms) -> Transition:  # noqa: ARG001
    if item.state is State.CLOSED:
        raise WrongState(f"{item.name} is closed already, by {item.closed_by}")
    if item.state not in SETTLED or item.closes_at is None:
        raise WrongState(
            f"{item.name} is {item.state}: resolve it, or call it a false alarm, before closing it"
        )
    if now < item.closes_at:
        _must_own(item, actor)
    return _close(item, actor, now, reason)


def _comment(item: WorkItem, actor: str, now: datetime, reason: str, terms: Terms) -> Transition:
    _must_have(reason, "a comment needs a text")
    after = item
    if item.state in HELD and item.owner == actor:
        after = replace(item, lease_until=later(now, terms.lease_s))
    return Transition(after, (_entry(item, after, Act.COMMENT, actor, now, reason, {}),))


_ACTS: dict[Act, Callable[[WorkItem, str, datetime, str, Terms], Transition]] = {
    Act.CLAIM: _claim,
    Act.RENEW: _renew,
    Act.RELEASE: _release,
    Act.ON_SCENE: _on_scene,
    Act.RESOLVE: _resolve,
    Act.FALSE_ALARM: _false_alarm,
    Act.UNDO: _undo,
    Act.CLOSE: _close_by_person,
    Act.COMMENT: _comment,
}


def _must_hold(item: WorkItem, actor: str) -> None:
    if item.state in FREE:
        raise WrongState(f"nobody holds {item.name} (a claim runs out unless it is renewed): claim it first")
    if item.state not in HELD:
        raise WrongState(
            f"{item.name} is {item.state}: this can no longer be done (undo it first if it was a mistake)"
        )
    _must_own(item, actor)


def _must_own(item: WorkItem, actor: str) -> None:
    if item.owner != actor:
        raise NotYours(f"{item.name} is held by {item.owner}, not by {actor}: ask {item.owner} to release it")


def _must_have(reason: str, otherwise: str) -> None:
    if not reason:
        raise QueueError(otherwise)


def _settle(
    item: WorkItem,
    state: State,
    what: Act,
    actor: str,
    now: datetime,
    reason: str,
    closes_at: datetime,
    terms: Terms = DEFAULT_TERMS,
) -> Transition:
    held = item.state in HELD
    after = replace(
        item,
        state=state,
        outcome=state,
        closes_at=closes_at,
        settled_from=item.state if held else item.settled_from,
        lease_until=later(now, terms.lease_s) if held else item.lease_until,
    )
    return _move(item, what, actor, now, reason, after)


def _close(item: WorkItem, actor: str, now: datetime, reason: str) -> Transition:
    by = item.owner or actor
    after = replace(
        item,
        state=State.CLOSED,
        owner=None,
        lease_until=None,
        settled_from=None,
        closes_at=None,
        closed_at=now,
        closed_by=by,
    )
    return _move(item, Act.CLOSE, actor, now, reason, after)


def _freed(item: WorkItem) -> WorkItem:
    return replace(
        item,
        state=item.resting,
        owner=None,
        lease_until=None,
        settled_from=None,
        outcome=None,
        closes_at=None,
    )


def _move(
    item: WorkItem,
    what: Act,
    actor: str,
    now: datetime,
    reason: str,
    after: WorkItem,
    *,
    data: Mapping[str, Any] | None = None,
) -> Transition:
    after = replace(after, version=item.version + 1)
    return Transition(after, (_entry(item, after, what, actor, now, reason, data or {}),))


def _entry(
    before: WorkItem,
    after: WorkItem,
    what: Act,
    actor: str,
    now: datetime,
    reason: str,
    data: Mapping[str, Any],
) -> Entry:
    return Entry(
        item=after.id,
        at=now,
        actor=actor,
        act=what,
        from_state=before.state,
        to_state=after.state,
        version=after.version,
        reason=reason,
        data=data,
    )
