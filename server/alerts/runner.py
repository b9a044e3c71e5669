"""Carries the engine's decisions out: lock the sites' states, judge, write what follows, all in the caller's transaction.

`step` is what ingest and `dispatch` call. Nothing here may keep an alarm from being stored: an item on which the engine
fails is judged again as a doubt (which raises a plain alert), a state that cannot be read is begun anew, and an alert
that only the engine knows is closed for it, so that the item raises a new one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from redwhistle.clock import check_utc, to_ms
from redwhistle.logs import get_logger
from server.alerts.ledger import Ledger, moment
from server.alerts.model import (
    ClosedItem,
    Decision,
    DoubtItem,
    Item,
    Raise,
    SilenceItem,
    Suppressed,
    WakeItem,
)
from server.alerts.ports import Judge, LookedUp, Pack, SiteState, StoredState, UnitOfWork
from server.alerts.records import Changes, SiteKey, StateToSave
from server.alerts.terms import DEFAULT_TERMS, Terms

P = TypeVar("P", bound=Pack)
S = TypeVar("S", bound=SiteState)

MIN_WAKE_MS = 50
"""A wake-up is at least this far away: an engine that asks for the past cannot make `dispatch` spin."""

_log = get_logger(part="alerts")


def step(
    uow: UnitOfWork,
    items_by_site: Mapping[SiteKey, Sequence[Item]],
    pack: P,
    now: datetime,
    *,
    judge: Judge[P, S],
    terms: Terms = DEFAULT_TERMS,
) -> Changes:
    """Judge the items of each (site, exercise) in order and store what follows; return it.

    Locks the states of all sites named, in sorted order, for the rest of the transaction; call it once a transaction.
    Raise NotFound for an unknown site and StoreError from the store; the transaction is then to be rolled back.
    """
    keys = sorted(key for key, items in items_by_site.items() if items)
    if not keys:
        return Changes(at=check_utc(now))
    stored = uow.lock_states(keys, pack)
    ledger, states = judge_sites(uow, stored, items_by_site, pack, now, judge=judge, terms=terms)
    changes = ledger.changes(states)
    if not changes.empty:
        uow.save(changes)
    return changes


def judge_sites(
    uow: UnitOfWork,
    stored: Mapping[SiteKey, StoredState],
    items_by_site: Mapping[SiteKey, Sequence[Item]],
    pack: P,
    now: datetime,
    *,
    judge: Judge[P, S],
    terms: Terms = DEFAULT_TERMS,
    also: Sequence[str] = (),
) -> tuple[Ledger, tuple[StateToSave, ...]]:
    """Judge under locks already held. Nothing is written. `also` are alerts to have in the ledger in any case."""
    check_utc(now)
    desk = _Desk(judge, pack, to_ms(now))
    judged = {
        key: desk.judge(key, stored[key], items_by_site[key])
        for key in sorted(stored)
        if key in items_by_site
    }
    found = uow.look_up(_alerts(judged, also), _places(judged))
    if lost := _lost(judged, found):
        for key, alerts in lost.items():
            _log.error("alerts_unknown_to_store", site=key[0], exercise=key[1], alerts=sorted(alerts))
            forget = [ClosedItem(f"forget:{alert}", alert, desk.now_ms) for alert in sorted(alerts)]
            judged[key] = desk.judge(key, stored[key], [*forget, *items_by_site[key]])
        found = uow.look_up(_alerts(judged, also), _places(judged))
        for key, alerts in _lost(
            judged, found
        ).items():  # an engine that will not forget: the rest still counts
            judged[key].decisions[:] = [d for d in judged[key].decisions if _about(d) not in alerts]
    ledger = Ledger(found.standing, found.placements, pack.hash, now, terms)
    for key in sorted(judged):
        for decision in judged[key].decisions:
            ledger.apply(key, decision)
    return ledger, tuple(desk.to_save(key, j) for key, j in sorted(judged.items()) if j.save)


@dataclass(slots=True)
class _Judged(Generic[S]):
    state: S
    decisions: list[Decision]
    save: bool


@dataclass(frozen=True, slots=True)
class _Desk(Generic[P, S]):
    judge_: Judge[P, S]
    pack: P
    now_ms: int

    def judge(self, key: SiteKey, stored: StoredState, items: Sequence[Item]) -> _Judged[S]:
        before = state = self._load(key, stored)
        decisions: list[Decision] = []
        for item in items:
            state, made = self._decide(key, state, item)
            decisions.extend(made)
        woken = any(isinstance(item, WakeItem) for item in items)
        save = (
            state is not before
            or woken
            or bool(decisions)
            or not stored.text
            or stored.pack_hash != self.pack.hash
        )
        return _Judged(state, decisions, save)

    def to_save(self, key: SiteKey, judged: _Judged[S]) -> StateToSave:
        wake_at_ms = judged.state.wake_at_ms
        return StateToSave(
            site=key[0],
            exercise=key[1],
            pack_hash=self.pack.hash,
            text=self.judge_.dump(judged.state),
            hot=tuple(sorted("|".join(pair) for pair in judged.state.hot)),
            wake_at=None if wake_at_ms is None else moment(max(wake_at_ms, self.now_ms + MIN_WAKE_MS)),
        )

    def _load(self, key: SiteKey, stored: StoredState) -> S:
        if not stored.text:
            return self.judge_.new_state(*key)
        try:
            return self.judge_.load(stored.text)
        except Exception:  # whatever it is: a site whose state is broken must still raise alarms
            _log.exception("state_unreadable", site=key[0], exercise=key[1])
            return self.judge_.new_state(*key)

    def _decide(self, key: SiteKey, state: S, item: Item) -> tuple[S, tuple[Decision, ...]]:
        try:
            return self.judge_.decide(self.pack, state, item, self.now_ms)
        except Exception as error:
            _log.exception("item_failed", site=key[0], exercise=key[1], item=item.id)
            if isinstance(item, ClosedItem | SilenceItem | WakeItem | DoubtItem):
                raise
            doubt = DoubtItem(
                item.id, item.subject, item.at_ms, "engine_failed", f"{type(error).__name__}: {error}"[:500]
            )
            return self.judge_.decide(self.pack, state, doubt, self.now_ms)


def _about(decision: Decision) -> str | None:
    return None if isinstance(decision, Suppressed) else decision.alert_id


def _alerts(judged: Mapping[SiteKey, _Judged[S]], also: Sequence[str]) -> list[str]:
    named = {_about(d) for j in judged.values() for d in j.decisions}
    return sorted({alert for alert in named if alert} | set(also))


def _places(judged: Mapping[SiteKey, _Judged[S]]) -> list[tuple[str, str]]:
    return sorted(
        {(d.place, key[0]) for key, j in judged.items() for d in j.decisions if isinstance(d, Raise)}
    )


def _lost(judged: Mapping[SiteKey, _Judged[S]], found: LookedUp) -> dict[SiteKey, set[str]]:
    """Alerts that decisions go on about, although they neither stand open in the store nor were raised just before."""
    known = {alert for alert, standing in found.standing.items() if standing.alert.closed_at is None}
    lost: dict[SiteKey, set[str]] = {}
    for key, one in judged.items():
        raised: set[str] = set()
        for decision in one.decisions:
            alert = _about(decision)
            if isinstance(decision, Raise):
                raised.add(decision.alert_id)
            elif alert is not None and alert not in known | raised:
                lost.setdefault(key, set()).add(alert)
    return lost
