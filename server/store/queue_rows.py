"""Rows of the queue's tables as values, and back."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from uuid import UUID

from redwhistle.clock import from_ms, to_ms
from redwhistle.errors import NotFound
from server.alerts.model import Certainty, Hazard, Quiet, Severity, Silence
from server.alerts.ports import StoredSilence
from server.alerts.records import Alert, LogEntry, SuppressionEntry
from server.alerts.work_item import Entry, State, WorkItem
from server.store import storable

Row = Mapping[str, Any]
_BIGINT_MAX = 2**63 - 1


def work_item(row: Row) -> WorkItem:
    """A row of `work_items`; columns that a work item does not have are ignored."""
    values = {f.name: row[f.name] for f in fields(WorkItem)}
    values["hazard"] = Hazard(row["hazard"])
    values["severity"] = Severity(row["severity"])
    values["certainty"] = Certainty(row["certainty"])
    values["state"] = State(row["state"])
    values["quiet"] = Quiet(row["quiet"]) if row["quiet"] else None
    values["settled_from"] = State(row["settled_from"]) if row["settled_from"] else None
    values["outcome"] = State(row["outcome"]) if row["outcome"] else None
    return WorkItem(**values)


def alert(row: Row) -> Alert:
    """A row of `alerts`; columns that an alert does not have are ignored."""
    values = {f.name: row[f.name] for f in fields(Alert)}
    values["hazard"] = Hazard(row["hazard"])
    values["severity"] = Severity(row["severity"])
    values["certainty"] = Certainty(row["certainty"])
    values["quiet"] = Quiet(row["quiet"]) if row["quiet"] else None
    return Alert(**values)


def silence(row: Row) -> StoredSilence:
    """A row of `silences`."""
    made = Silence(
        id=row["id"],
        matchers=row["matchers"],
        start_ms=to_ms(row["starts_at"]),
        end_ms=to_ms(row["ends_at"]),
        author=row["author"],
        comment=row["comment"],
        second_person=row["second_person"],
    )
    return StoredSilence((row["site"], row["exercise"]), made, row["ended_by"])


def silence_row(stored: StoredSilence) -> dict[str, Any]:
    """The parameters of put_silence.sql but `at`."""
    made = stored.silence
    return {
        "id": made.id,
        "site": stored.key[0],
        "exercise": stored.key[1],
        "matchers": storable.dumps(made.matchers),
        "starts_at": from_ms(made.start_ms),
        "ends_at": from_ms(made.end_ms),
        "author": storable.text(made.author),
        "comment": storable.text(made.comment),
        "second_person": made.second_person,
        "ended_by": stored.ended_by,
    }


def as_row(record: WorkItem | Alert | LogEntry | SuppressionEntry | Entry) -> dict[str, Any]:
    """A record as JSON keys and values named like the columns."""
    row = {f.name: getattr(record, f.name) for f in fields(record)}
    if "late_ms" in row:
        row["late_ms"] = min(max(row["late_ms"], -_BIGINT_MAX), _BIGINT_MAX)
    return row


def reference(ref: str) -> dict[str, Any]:
    """The parameters `id` and `number` for an item or alert named by either; raise NotFound for neither."""
    text = ref.strip().lstrip("#")
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return {"id": None, "number": int(text)}
    try:
        return {"id": str(UUID(text)), "number": None}
    except ValueError:
        raise NotFound(
            f"nothing is called {ref[:60]!r}: use a number of `redwhistle queue list`, or an id"
        ) from None
