"""From the engine's decisions to what is written down: alerts, their log, work items, their history. Pure.

One ledger serves one step: it starts from what stands in the store, takes decisions in order, and ends as `Changes`.
What several decisions did to one alert is folded into one row; every decision has its own line in the alert's log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from redwhistle.clock import from_ms
from redwhistle.contracts.wire import MS_MAX, MS_MIN
from server.alerts import queue
from server.alerts.model import (
    Certainty,
    ConditionEnded,
    Decision,
    Quiet,
    Raise,
    Repeat,
    Severity,
    Suppressed,
    Upgrade,
)
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
from server.alerts.terms import Terms
from server.alerts.work_item import Act, Entry, Transition, WorkItem


@dataclass(slots=True)
class _Open:
    alert: Alert
    item: WorkItem
    is_new: bool
    changed: bool = False
    repeats: int = 0


@dataclass(slots=True)
class Ledger:
    """Takes decisions and acts one after the other; `changes` is the sum. Mutable, used by one step."""

    standing: Mapping[str, Standing]
    placements: Mapping[tuple[str, str], Placement]
    pack_hash: str
    now: datetime
    terms: Terms
    _open: dict[str, _Open] = field(default_factory=dict)
    _log: list[LogEntry] = field(default_factory=list)
    _suppressions: list[SuppressionEntry] = field(default_factory=list)
    _history: list[Entry] = field(default_factory=list)
    _loose_items: dict[str, WorkItem] = field(default_factory=dict)

    def apply(self, key: SiteKey, decision: Decision) -> None:
        """Write one decision of the engine of `key` into the ledger. The alert it names stands, or is new."""
        match decision:
            case Raise():
                self._raise(key, decision)
            case Repeat():
                self._repeat(decision)
            case Upgrade():
                self._upgrade(decision)
            case ConditionEnded():
                self._ended(decision)
            case Suppressed():
                self._suppressed(key, decision)

    def put(self, transition: Transition) -> None:
        """Write a person's (or a timer's) act; a closed item closes its alert, too, where that stands here."""
        item = transition.item
        self._history.extend(transition.entries)
        entry = self._entry(item.alert) if item.alert in self.standing or item.alert in self._open else None
        if entry is None:
            self._loose_items[item.id] = item
            return
        entry.item, entry.changed = item, True
        if item.closed_at is not None and entry.alert.closed_at is None:
            entry.alert = replace(entry.alert, closed_at=item.closed_at)
            last = transition.entries[-1]
            why = {"actor": last.actor, "reason": last.reason, "outcome": item.outcome}
            self._write(entry.alert, "closed", f"work-item:{item.id}", "", item.closed_at, None, None, why)

    def changes(self, states: tuple[StateToSave, ...] = ()) -> Changes:
        """What has to be written."""
        for entry in self._open.values():
            if entry.repeats:
                data = {"times": entry.repeats, "count": entry.item.count}
                self._take(entry, queue.note(entry.item, Act.REPEAT, self.now, "", **data))
        used = list(self._open.values())
        return Changes(
            at=self.now,
            new_alerts=tuple(e.alert for e in used if e.is_new),
            changed_alerts=tuple(e.alert for e in used if e.changed and not e.is_new),
            log=tuple(self._log),
            suppressions=tuple(self._suppressions),
            new_items=tuple(e.item for e in used if e.is_new),
            changed_items=(
                *(e.item for e in used if e.changed and not e.is_new),
                *self._loose_items.values(),
            ),
            history=tuple(self._history),
            states=states,
        )

    def _raise(self, key: SiteKey, decision: Raise) -> None:
        if decision.alert_id in self.standing or decision.alert_id in self._open:
            self._raise_again(decision)
            return
        site, exercise = key
        at = self.placements[decision.place, site]
        alert = Alert(
            id=decision.alert_id,
            site=site,
            exercise=exercise,
            hazard=decision.hazard,
            severity=decision.severity,
            certainty=decision.certainty,
            place=at.place,
            rule=decision.rule,
            pack_hash=self.pack_hash,
            device=decision.device,
            first_item=decision.item_id,
            happened_at=moment(decision.at_ms),
            raised_at=self.now,
            last_at=self.now,
            late_ms=decision.late_ms,
            quiet=decision.quiet,
            quiet_by=decision.quiet_by or None,
        )
        due_s = 60 * self.terms.deadlines.minutes(decision.hazard, decision.severity)
        confirmed = decision.certainty is Certainty.CONFIRMED
        item = WorkItem(
            id=str(uuid5(UUID(decision.alert_id), "work-item")),
            alert=alert.id,
            exercise=exercise,
            grid=at.grid,
            site=site,
            place=at.place,
            hazard=decision.hazard,
            severity=decision.severity,
            certainty=decision.certainty,
            state=queue.State.OPEN if confirmed else queue.State.SUSPECTED,
            opened_at=self.now,
            deadline_at=queue.later(self.now, due_s),
            last_at=self.now,
            quiet=decision.quiet,
        )
        self._open[alert.id] = _Open(alert, item, is_new=True)
        self._history.append(
            Entry(
                item=item.id,
                at=self.now,
                actor=queue.ENGINE,
                act=Act.RAISE,
                from_state=None,
                to_state=item.state,
                version=item.version,
                reason=decision.rule,
                data={} if decision.place == at.place else {"stated_place": decision.place},
            )
        )
        self._log_decision(alert, "raise", decision, decision.severity, decision.certainty)

    def _raise_again(self, decision: Raise) -> None:
        """The same first item raised the same alert once more: it stands again instead of failing to be stored."""
        entry = self._entry(decision.alert_id)
        entry.alert = replace(
            entry.alert,
            closed_at=None,
            condition_ended_at=None,
            last_at=self.now,
            count=entry.alert.count + 1,
        )
        if entry.item.state not in queue.FREE | queue.HELD:
            self._take(entry, queue.reopen(entry.item, self.now, self.terms))
        entry.item = replace(entry.item, last_at=self.now, count=entry.alert.count)
        self._requiet(entry, decision.quiet, decision.quiet_by)
        self._log_decision(entry.alert, "raise", decision, decision.severity, decision.certainty)

    def _repeat(self, decision: Repeat) -> None:
        entry = self._entry(decision.alert_id)
        entry.alert = replace(entry.alert, count=decision.count, last_at=self.now, condition_ended_at=None)
        entry.item = replace(entry.item, count=decision.count, last_at=self.now)
        entry.repeats += 1
        if entry.item.state in queue.SETTLED:
            self._take(entry, queue.reopen(entry.item, self.now, self.terms))
        self._requiet(entry, decision.quiet, decision.quiet_by)
        self._log_decision(entry.alert, "repeat", decision, None, None)

    def _upgrade(self, decision: Upgrade) -> None:
        entry = self._entry(decision.alert_id)
        if entry.item.state in queue.SETTLED:
            self._take(entry, queue.reopen(entry.item, self.now, self.terms))
        before = entry.item
        severity = min(before.severity, decision.severity)
        confirmed = Certainty.CONFIRMED in {before.certainty, decision.certainty}
        certainty = Certainty.CONFIRMED if confirmed else Certainty.SUSPECTED
        due = queue.later(self.now, 60 * self.terms.deadlines.minutes(decision.hazard, severity))
        after = replace(
            before,
            hazard=decision.hazard,
            severity=severity,
            certainty=certainty,
            last_at=self.now,
            deadline_at=min(before.deadline_at, due),
        )
        if before.state in queue.FREE:
            after = replace(after, state=after.resting)
        entry.alert = replace(
            entry.alert,
            hazard=decision.hazard,
            severity=severity,
            certainty=certainty,
            last_at=self.now,
            condition_ended_at=None,
        )
        data = {"severity": int(severity), "certainty": certainty, "linked": list(decision.linked)}
        self._take(entry, queue.change(before, after, Act.UPGRADE, self.now, "", **data))
        self._requiet(entry, decision.quiet, decision.quiet_by)
        self._log_decision(entry.alert, "upgrade", decision, severity, certainty, linked=decision.linked)

    def _ended(self, decision: ConditionEnded) -> None:
        entry = self._entry(decision.alert_id)
        entry.alert = replace(entry.alert, condition_ended_at=self.now)
        if decision.resolves:
            entry.alert = replace(entry.alert, closed_at=self.now)
            self._take(entry, queue.resolve_by_engine(entry.item, self.now, "the cause is gone"))
        else:
            self._take(entry, queue.note(entry.item, Act.CONDITION_ENDED, self.now, ""))
        name = "resolved" if decision.resolves else "condition_ended"
        happened_at = moment(decision.at_ms)
        self._write(entry.alert, name, decision.item_id, "", happened_at, None, None, decision.why)

    def _suppressed(self, key: SiteKey, decision: Suppressed) -> None:
        site, exercise = key
        self._suppressions.append(
            SuppressionEntry(
                at=self.now,
                happened_at=moment(decision.at_ms),
                site=site,
                exercise=exercise,
                item=decision.item_id,
                device=decision.device,
                reason=decision.reason,
                rule=decision.rule,
                detail=decision.detail,
            )
        )

    def _entry(self, alert_id: str | None) -> _Open:
        if alert_id is None:
            raise KeyError("a report has no alert")
        entry = self._open.get(alert_id)
        if entry is None:
            stands = self.standing[alert_id]
            entry = self._open[alert_id] = _Open(stands.alert, stands.item, is_new=False)
        entry.changed = True
        return entry

    def _take(self, entry: _Open, transition: Transition) -> None:
        entry.item = transition.item
        self._history.extend(transition.entries)

    def _requiet(self, entry: _Open, quiet: Quiet | None, by: str) -> None:
        """What is quiet for a while (a cool-down) leaves the mark alone; everything else sets or clears it."""
        if quiet is Quiet.COOLDOWN:
            return
        entry.alert = replace(entry.alert, quiet=quiet, quiet_by=(by or None) if quiet else None)
        if quiet is not entry.item.quiet:
            text = f"nobody is told: {quiet}" if quiet else "announced from now on"
            after = replace(entry.item, quiet=quiet)
            self._take(entry, queue.change(entry.item, after, Act.REPEAT, self.now, text, quiet=quiet, by=by))

    def _log_decision(
        self,
        alert: Alert,
        name: str,
        decision: Raise | Repeat | Upgrade,
        severity: Severity | None,
        certainty: Certainty | None,
        *,
        linked: tuple[str, ...] = (),
    ) -> None:
        why = {**decision.why, "linked": list(linked)} if linked else decision.why
        self._write(
            alert,
            name,
            decision.item_id,
            decision.device,
            moment(decision.at_ms),
            severity,
            certainty,
            why,
            quiet=decision.quiet,
            quiet_by=decision.quiet_by,
        )

    def _write(
        self,
        alert: Alert,
        name: str,
        item: str,
        device: str,
        happened_at: datetime,
        severity: Severity | None,
        certainty: Certainty | None,
        why: Mapping[str, Any],
        *,
        quiet: Quiet | None = None,
        quiet_by: str = "",
    ) -> None:
        self._log.append(
            LogEntry(
                alert=alert.id,
                at=self.now,
                happened_at=happened_at,
                decision=name,
                item=item,
                device=device,
                severity=severity,
                certainty=certainty,
                quiet=quiet,
                quiet_by=quiet_by or None,
                why=why,
            )
        )


def moment(at_ms: int) -> datetime:
    """A time of the engine as a date: absurd times become the first or the last one that can be stored."""
    return from_ms(min(max(int(at_ms), MS_MIN), MS_MAX))
