"""Doubles for the runner's ports, kept to the same suite as the real ones: a store in memory and a plain engine."""

import copy
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from redwhistle.errors import NotFound, StoreError
from server.alerts.model import (
    Certainty,
    ClosedItem,
    ConditionEnded,
    Decision,
    DoubtItem,
    EventItem,
    Hazard,
    Item,
    Quiet,
    Raise,
    Repeat,
    Severity,
    SilenceItem,
    Subject,
    Suppressed,
    Upgrade,
    WakeItem,
)
from server.alerts.ports import LookedUp, Pack, StoredSilence, StoredState
from server.alerts.records import (
    Alert,
    Changes,
    LogEntry,
    Placement,
    SiteKey,
    Standing,
    StateToSave,
    SuppressionEntry,
)
from server.alerts.work_item import HELD, SETTLED, Entry, State, WorkItem


@dataclass(slots=True)
class Tables:
    """What a store in memory holds."""

    states: dict[SiteKey, StateToSave] = field(default_factory=dict)
    steps: dict[SiteKey, int] = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)
    log: list[LogEntry] = field(default_factory=list)
    suppressions: list[SuppressionEntry] = field(default_factory=list)
    items: dict[str, WorkItem] = field(default_factory=dict)
    history: list[Entry] = field(default_factory=list)
    silences: dict[str, StoredSilence] = field(default_factory=dict)
    told: list[tuple[str, State, int]] = field(default_factory=list)
    """Id, state and version of each item that listeners heard of, in order."""


class MemoryStore:
    """A store in memory: one transaction at a time, undone when it fails. `grids` gives the grid of each known place."""

    def __init__(self, grids: Mapping[str, str]) -> None:
        self.grids = dict(grids)
        self.tables = Tables()
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self) -> Iterator["MemoryUnitOfWork"]:
        """A unit of work; what it did stays only if the block ends without an error."""
        with self._lock:
            work = copy.deepcopy(self.tables)
            yield MemoryUnitOfWork(work, self.grids)
            self.tables = work


class MemoryUnitOfWork:
    """Implements server.alerts.ports.UnitOfWork on `Tables`."""

    def __init__(self, tables: Tables, grids: Mapping[str, str]) -> None:
        self._tables = tables
        self._grids = grids

    def lock_states(self, keys: Sequence[SiteKey], pack: Pack) -> Mapping[SiteKey, StoredState]:
        found = {}
        for key in keys:
            if key[0] not in self._grids:
                raise NotFound(f"no place is called {key[0]!r}: import the places first")
            new = StateToSave(*key, pack_hash=pack.hash, text="", hot=(), wake_at=None)
            state = self._tables.states.setdefault(key, new)
            found[key] = StoredState(state.text, self._tables.steps.setdefault(key, 0), state.pack_hash)
        return found

    def look_up(self, alerts: Sequence[str], places: Sequence[tuple[str, str]]) -> LookedUp:
        by_alert = {item.alert: item for item in self._tables.items.values()}
        standing = {
            alert: Standing(self._tables.alerts[alert], by_alert[alert])
            for alert in alerts
            if alert in self._tables.alerts and alert in by_alert
        }
        placements = {}
        for place, site in places:
            known = place if place in self._grids else site
            placements[place, site] = Placement(known, self._grids[known])
        return LookedUp(standing, placements)

    def find_item(self, ref: str) -> WorkItem:
        for item in self._tables.items.values():
            if ref in {item.id, str(item.number)}:
                return item
        raise NotFound(f"no work item is called {ref!r}")

    def lock_item(self, ref: str) -> WorkItem:
        return self.find_item(ref)

    def find_silence(self, silence_id: str) -> StoredSilence:
        try:
            return self._tables.silences[silence_id]
        except KeyError:
            raise NotFound(f"no silence is called {silence_id!r}") from None

    def put_silence(self, stored: StoredSilence, now: datetime) -> None:  # noqa: ARG002  the port has it
        self._tables.silences[stored.silence.id] = stored

    def save(self, changes: Changes) -> None:
        tables = self._tables
        for state in changes.states:
            tables.states[state.site, state.exercise] = state
            tables.steps[state.site, state.exercise] = tables.steps.get((state.site, state.exercise), 0) + 1
        tables.alerts |= {alert.id: alert for alert in (*changes.new_alerts, *changes.changed_alerts)}
        tables.log.extend(changes.log)
        tables.suppressions.extend(changes.suppressions)
        for item in changes.new_items:
            check_like_the_table(item)
            if item.id in tables.items:
                raise StoreError(f"item {item.id} is stored already")
            tables.items[item.id] = replace(item, number=len(tables.items) + 1)
        for item in changes.changed_items:
            check_like_the_table(item)
            tables.items[item.id] = replace(item, number=tables.items[item.id].number)
        tables.history.extend(changes.history)
        tables.told.extend((i.id, i.state, i.version) for i in (*changes.new_items, *changes.changed_items))


@dataclass(frozen=True, slots=True)
class PlainPack:
    """A rule pack without rules, for `PlainJudge`."""

    hash: str = "plain"
    name: str = "plain"
    source: str = "# no rules"


@dataclass(frozen=True, slots=True)
class PlainState:
    """Open alerts by "hazard|place" with their devices and count, silences, and the wake-up asked for."""

    site: str
    exercise: str
    open: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    silences: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    wake_at_ms: int | None = None
    hot: tuple[tuple[str, str], ...] = ()


class PlainJudge:
    """An engine of a few fixed rules: every alarm raises, a second device confirms, `device_recovered` resolves.

    `data` of an event steers it in tests: `wake_at_ms` asks for a wake-up, `crash` raises.
    """

    def new_state(self, site: str, exercise: str) -> PlainState:
        return PlainState(site, exercise)

    def load(self, text: str) -> PlainState:
        known = json.loads(text)
        return replace(PlainState(**known), silences={k: (v[0], v[1]) for k, v in known["silences"].items()})

    def dump(self, state: PlainState) -> str:
        names = ("site", "exercise", "open", "silences", "wake_at_ms")
        return json.dumps({name: getattr(state, name) for name in names}, sort_keys=True)

    def decide(
        self, pack: Pack, state: PlainState, item: Item, now_ms: int
    ) -> tuple[PlainState, tuple[Decision, ...]]:
        match item:
            case ClosedItem():
                kept = {key: one for key, one in state.open.items() if one["id"] != item.alert_id}
                return (state if len(kept) == len(state.open) else replace(state, open=kept)), ()
            case SilenceItem():
                span = (item.silence.start_ms, item.silence.end_ms)
                return replace(state, silences={**state.silences, item.silence.id: span}), ()
            case WakeItem():
                return replace(state, wake_at_ms=None), ()
            case DoubtItem():
                return self._alarm(pack, state, item, Hazard.EMERGENCY, now_ms)
            case EventItem():
                return self._event(pack, state, item, now_ms)
            case _:
                return state, ()

    def _event(
        self, pack: Pack, state: PlainState, item: EventItem, now_ms: int
    ) -> tuple[PlainState, tuple[Decision, ...]]:
        if item.data.get("crash"):
            raise RuntimeError("told to crash")
        if item.test:
            return state, (
                Suppressed(
                    item.id, item.subject.device, item.at_ms, Quiet.TEST, "", "the device's test mark"
                ),
            )
        if "wake_at_ms" in item.data:
            state = replace(state, wake_at_ms=int(item.data["wake_at_ms"]))
        hazard = Hazard.DEVICE if item.kind.startswith("device") else Hazard.SMOKE
        known = state.open.get(f"{hazard}|{item.subject.place}")
        if item.active and item.kind != "device_recovered":
            return self._alarm(pack, state, item, hazard, now_ms)
        if known is None:
            return state, (Suppressed(item.id, item.subject.device, item.at_ms, Quiet.ENDED, "", "ended"),)
        resolves = item.kind == "device_recovered"
        if resolves:
            state = replace(state, open={k: v for k, v in state.open.items() if v["id"] != known["id"]})
        return state, (ConditionEnded(known["id"], item.id, item.at_ms, resolves, {"kind": item.kind}),)

    def _alarm(
        self, pack: Pack, state: PlainState, item: EventItem | DoubtItem, hazard: Hazard, now_ms: int
    ) -> tuple[PlainState, tuple[Decision, ...]]:
        subject, key = item.subject, f"{hazard}|{item.subject.place}"
        by = next((i for i, (start, end) in sorted(state.silences.items()) if start <= now_ms < end), "")
        quiet = Quiet.SILENCED if by else None
        why = {"rule": "plain", "pack": pack.name, "sources": [subject.device]}
        known = state.open.get(key)
        if known is None:
            text = f"{state.site}|{state.exercise}|{key}|{item.id}"
            alert = str(uuid5(UUID(int=0), text))
            severity = Severity.NOTICE if hazard is Hazard.DEVICE else Severity.IMPORTANT
            state = replace(
                state, open={**state.open, key: {"id": alert, "devices": [subject.device], "count": 1}}
            )
            raised = Raise(
                alert, hazard, severity, Certainty.SUSPECTED, subject.place, "plain", item.id, subject.device,
                item.at_ms, getattr(item, "late_ms", 0), quiet, by, why,
            )  # fmt: skip
            return state, (raised,)
        count = known["count"] + 1
        devices = sorted({*known["devices"], subject.device})
        state = replace(
            state, open={**state.open, key: {"id": known["id"], "devices": devices, "count": count}}
        )
        repeat = Repeat(known["id"], item.id, subject.device, item.at_ms, count, quiet, by, why)
        if len(devices) == 2 and len(known["devices"]) == 1:
            upgrade = Upgrade(
                known["id"], hazard, Severity.URGENT, Certainty.CONFIRMED, item.id, subject.device, item.at_ms, (),
                quiet, by, why,
            )  # fmt: skip
            return state, (repeat, upgrade)
        return state, (repeat,)


def alarm(
    device: str,
    at_ms: int,
    *,
    site: str = "jinyuan",
    place: str = "jinyuan-b7",
    kind: str = "smoke",
    item_id: str | None = None,
    active: bool = True,
    test: bool = False,
    **data: Any,
) -> EventItem:
    """An event of a device at a place of a site, for tests; its id is made from device and time unless given."""
    subject = Subject(
        site=site, box=f"{site}-box", device=device, kind="smoke", place=place, path=(site, place)
    )
    made = item_id or f"{site}/{device}/{kind}/{at_ms}"
    return EventItem(made, subject, kind, at_ms, active=active, test=test, data=data)


def check_like_the_table(item: WorkItem) -> None:
    """The checks that the real table has; raise StoreError where it would refuse."""
    if (item.owner is None) != (item.lease_until is None) or (item.state in HELD and item.owner is None):
        raise StoreError(f"{item.name}: an owner and a lease go together")
    if (item.closes_at is not None) != (item.state in SETTLED):
        raise StoreError(f"{item.name}: only what is settled has an undo window")
    if (item.closed_at is not None) != (item.state is State.CLOSED):
        raise StoreError(f"{item.name}: a time of closing means closed")
    if item.state in {State.SUSPECTED, State.OPEN, State.CLOSED} and item.owner is not None:
        raise StoreError(f"{item.name}: nobody owns it in this state")
