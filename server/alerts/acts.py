"""What people and timers do to work items and silences, carried out in the caller's transaction.

An act that closes an item also tells the engine, under the lock of the site's state and in the same transaction, so
that the next trigger raises a new alert. Locks: the site's state first, then the alert, then the item, as everybody does who locks
more than an item (evidence that comes in, too). All other acts lock the item alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from redwhistle.clock import check_utc, to_ms
from redwhistle.errors import ConfigurationError, QueueError
from server.alerts import lost, queue
from server.alerts.ledger import Ledger
from server.alerts.model import ClosedItem, Hazard, Silence, SilenceItem
from server.alerts.ports import Judge, Pack, SiteState, StoredSilence, StoredState, UnitOfWork
from server.alerts.records import SiteKey
from server.alerts.runner import judge_sites
from server.alerts.terms import DEFAULT_TERMS, Terms
from server.alerts.work_item import Act, Transition, WorkItem

P = TypeVar("P", bound=Pack)
S = TypeVar("S", bound=SiteState)

MATCHERS = frozenset({"hazard", "place", "device", "rule", "site"})
MAX_SILENCE = timedelta(days=31)
"""Longer than that is not a silence but a rule: change the rule pack."""


def perform(
    uow: UnitOfWork,
    ref: str,
    what: Act,
    actor: str,
    now: datetime,
    *,
    pack: P,
    judge: Judge[P, S],
    reason: str = "",
    grid: str | None = None,
    version: int | None = None,
    terms: Terms = DEFAULT_TERMS,
    data: Mapping[str, Any] | None = None,
) -> Transition:
    """Do a person's act to the item of this number or id. Raise NotFound, AlreadyClaimed, WrongState, NotYours.

    `data` goes into the act's line of the history.
    """

    def move(item: WorkItem) -> Transition:
        done = queue.act(item, what, actor, now, reason=reason, grid=grid, version=version, terms=terms)
        last = done.entries[-1]
        told = replace(last, data={**last.data, **(data or {})})
        return replace(done, entries=(*done.entries[:-1], told))

    if what is not Act.CLOSE:
        done = move(uow.lock_item(ref))
        _save_alone(uow, done, now, terms)
        return done
    closed = _close(uow, ref, move, now, pack, judge, terms)
    assert closed is not None  # noqa: S101  an act that cannot be done raises
    return closed


def unless_so_already(
    uow: UnitOfWork, ref: str, what: Act, actor: str, do: Callable[[], Transition]
) -> Transition:
    """What `do` did; if that is refused while the item stands as the act would have left it, by the same person, no error
    but a transition without entries: somebody pressed twice, or a timer was first."""
    try:
        return do()
    except QueueError:
        item = uow.find_item(ref)
        if not lost.is_so_already(item, what, actor):
            raise
        return Transition(item, ())


def note_lost(
    uow: UnitOfWork,
    ref: str,
    what: Act,
    actor: str,
    now: datetime,
    *,
    code: str,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> Transition:
    """Leave a note of an act that was made without network and is refused now."""
    who, why = queue.check_actor(actor), queue.check_reason(reason)
    noted = lost.note_not_done(uow.lock_item(ref), what, who, now, code=code, reason=why, data=data)
    _save_alone(uow, noted, now, DEFAULT_TERMS)
    return noted


def close_if_due(
    uow: UnitOfWork, ref: str, now: datetime, *, pack: P, judge: Judge[P, S], terms: Terms = DEFAULT_TERMS
) -> bool:
    """Close the item if its undo window is over; False if somebody undid, reopened or closed it meanwhile."""
    return (
        _close(uow, ref, lambda item: queue.expire_undo(item, now, terms), now, pack, judge, terms)
        is not None
    )


def add_silence(
    uow: UnitOfWork, key: SiteKey, silence: Silence, now: datetime, *, pack: P, judge: Judge[P, S]
) -> StoredSilence:
    """Make a silence and tell the engine; raise ConfigurationError for one that cannot be."""
    check_silence(silence)
    if silence.second_person is not None:
        raise ConfigurationError(
            "a silence is approved by somebody else, after it was made: `redwhistle silence approve`"
        )
    if silence.end_ms <= to_ms(now):
        raise ConfigurationError("the silence would be over already: give an --end that lies ahead")
    states = uow.lock_states([key], pack)
    return _put_silence(uow, StoredSilence(key, silence), states, now, pack, judge)


def approve_silence(
    uow: UnitOfWork, silence_id: str, actor: str, now: datetime, *, pack: P, judge: Judge[P, S]
) -> StoredSilence:
    """Give a silence its second person; from then on it covers life-safety hazards, too."""
    who = queue.check_actor(actor)
    states = uow.lock_states([uow.find_silence(silence_id).key], pack)
    stored = uow.find_silence(silence_id)  # again, under the lock
    silence = stored.silence
    if silence.end_ms <= to_ms(now):
        raise QueueError(f"silence {silence.id} is over: make a new one")
    if who.casefold() == silence.author.casefold():
        raise QueueError(f"{who} made silence {silence.id}: a second person has to approve it")
    if silence.second_person is not None:
        raise QueueError(f"silence {silence.id} is approved by {silence.second_person} already")
    approved = replace(stored, silence=replace(silence, second_person=who))
    return _put_silence(uow, approved, states, now, pack, judge)


def end_silence(
    uow: UnitOfWork, silence_id: str, actor: str, now: datetime, *, pack: P, judge: Judge[P, S]
) -> StoredSilence:
    """End a silence at once, or before it begins."""
    who = queue.check_actor(actor)
    states = uow.lock_states([uow.find_silence(silence_id).key], pack)
    stored = uow.find_silence(silence_id)
    now_ms = to_ms(now)
    if stored.silence.end_ms <= now_ms:
        raise QueueError(f"silence {stored.silence.id} is over already")
    ended = replace(stored.silence, start_ms=min(stored.silence.start_ms, now_ms - 1), end_ms=now_ms)
    return _put_silence(uow, replace(stored, silence=ended, ended_by=who), states, now, pack, judge)


def check_silence(silence: Silence) -> None:
    """Raise ConfigurationError, or QueueError for the author, unless the silence says what, when, who and why."""
    unknown = silence.matchers.keys() - MATCHERS
    if unknown or not silence.matchers or not all(silence.matchers.values()):
        raise ConfigurationError(
            f"a silence needs at least one matcher of {', '.join(sorted(MATCHERS))}"
            + (f", not {', '.join(sorted(unknown))}" if unknown else "")
        )
    hazard = silence.matchers.get("hazard")
    if hazard is not None and hazard not in set(Hazard):
        raise ConfigurationError(f"no hazard is called {hazard!r}: use one of {', '.join(Hazard)}")
    if silence.end_ms <= silence.start_ms:
        raise ConfigurationError("the silence ends before it starts: --end must be later than --start")
    if silence.end_ms - silence.start_ms > MAX_SILENCE / timedelta(milliseconds=1):
        raise ConfigurationError(
            f"a silence lasts {MAX_SILENCE.days} days at most: for longer, change the rules"
        )
    queue.check_actor(silence.author)
    if not queue.check_reason(silence.comment):
        raise ConfigurationError("a silence needs a --comment that says why")


def _close(
    uow: UnitOfWork,
    ref: str,
    move: Callable[[WorkItem], Transition | None],
    now: datetime,
    pack: P,
    judge: Judge[P, S],
    terms: Terms,
) -> Transition | None:
    seen = uow.find_item(ref)
    key = (seen.site, seen.exercise)
    stored = uow.lock_states([key], pack)
    if seen.alert is not None:
        uow.look_up([seen.alert], [])
    item = uow.lock_item(seen.id)
    done = move(item)
    if done is None:
        return None
    told, also = [], []
    if item.alert is not None:
        told = [ClosedItem(f"closed:{item.id}:{done.item.version}", item.alert, to_ms(now))]
        also = [item.alert]
    ledger, states = judge_sites(uow, stored, {key: told}, pack, now, judge=judge, terms=terms, also=also)
    ledger.put(done)
    uow.save(ledger.changes(states))
    return done


def _put_silence(
    uow: UnitOfWork,
    stored: StoredSilence,
    states: Mapping[SiteKey, StoredState],
    now: datetime,
    pack: P,
    judge: Judge[P, S],
) -> StoredSilence:
    check_utc(now)
    uow.put_silence(stored, now)
    item = SilenceItem(f"silence:{stored.silence.id}:{to_ms(now)}", stored.silence, to_ms(now))
    ledger, to_save = judge_sites(uow, states, {stored.key: [item]}, pack, now, judge=judge)
    uow.save(ledger.changes(to_save))
    return stored


def _save_alone(uow: UnitOfWork, done: Transition, now: datetime, terms: Terms) -> None:
    ledger = Ledger({}, {}, "", now, terms)
    ledger.put(done)
    uow.save(ledger.changes())
