"""Rows of the store as the shapes on the wire: work items, history, alerts, evidence."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from server.api.ports import Row
from server.api.schemas.alerts import (
    Alert,
    AlertDetail,
    AlertItem,
    Decision,
    Evidence,
    EvidenceView,
    RuleWords,
    Suppressed,
)
from server.api.schemas.places import Point
from server.api.schemas.queue import (
    AlertRef,
    AlertSummary,
    Contact,
    HistoryEntry,
    Item,
    ItemDetail,
    NotDone,
    Sketch,
    SketchShape,
)
from server.api.schemas.wire import Named, PersonName, PlaceRef

_COPIED = [
    "id",
    "number",
    "exercise",
    "hazard",
    "severity",
    "certainty",
    "state",
    "quiet",
    "lease_until",
    "deadline_at",
    "opened_at",
    "last_at",
    "closes_at",
    "closed_at",
    "outcome",
    "count",
    "version",
    "mark",
    "site",
    "place",
    "evidence",
]


def item(row: Row) -> Item:
    """A row of reading/items.sql."""
    alert = None if row["alert"] is None else AlertRef(id=row["alert"], number=row["alert_number"])
    return Item(
        **{name: row[name] for name in _COPIED},
        alert=alert,
        owner=person(row["owner"], row["owner_name"]),
        grid=grid(row),
        path=path(row["path"]),
        location=row["location"],
    )


def item_detail(row: Row, around: Row, now: datetime) -> ItemDetail:
    """An item with its `history`, and what lies around it."""
    places = path(row["path"])
    compound = next((place for place in places if place.level == "compound"), None)
    return ItemDetail(
        item=item(row),
        history=[history_entry(entry) for entry in row["history"]],
        alert=None if around["alert"] is None else _summary(around["alert"]),
        contacts=[_contact(contact) for contact in around["contacts"]],
        sketch=Sketch(
            compound=compound,
            here=row["location"],
            polygons=[SketchShape(**shape) for shape in around["polygons"]],
            points=[Point(**point) for point in around["points"]],
        ),
        server_time=now,
    )


def history_entry(row: Row) -> HistoryEntry:
    """A row of reading/history.sql; what is kept in `data` for an act of a phone comes out as members."""
    data = dict(row["data"] or {})
    device_time = _moment(data.pop("device_time", None))
    not_done = None
    if row["act"] == "not_done":
        not_done = NotDone(
            wanted=str(data.pop("wanted", "")),
            code=str(data.pop("code", "")),
            lost_to=person(data.pop("lost_to", None), row["lost_to_name"]),
        )
    return HistoryEntry(
        at=row["at"],
        device_time=device_time,
        actor=PersonName(login=row["actor"], name=row["actor_name"] or row["actor"]),
        act=row["act"],
        from_state=row["from_state"],
        to_state=row["to_state"],
        level=row["level"],
        reason=row["reason"],
        version=row["version"],
        not_done=not_done,
        data=data,
    )


def alert(row: Row) -> Alert:
    """A row of reading/alerts.sql."""
    names = Alert.model_fields.keys() - {"path", "grid", "item"}
    standing = None
    if row["item"] is not None:
        standing = AlertItem(
            id=row["item"],
            number=row["item_number"],
            state=row["item_state"],
            owner=person(row["item_owner"], row["owner_name"]),
            outcome=row["item_outcome"],
        )
    return Alert(
        **{name: row[name] for name in names},
        path=path(row["path"]),
        grid=None if row["grid"] is None else grid(row),
        item=standing,
    )


def alert_detail(row: Row, pictures: Sequence[Row], now: datetime) -> AlertDetail:
    """An alert with `log`, `suppressed`, `linked`, `rule_in_words` and its `standing` item."""
    spoken = row["rule_in_words"]
    return AlertDetail(
        alert=alert(row),
        log=[Decision(**{**entry, "why": _facts(entry["why"])}) for entry in row["log"]],
        suppressed=[Suppressed(**entry) for entry in row["suppressed"]],
        linked=row["linked"],
        rule_in_words=None if spoken is None else RuleWords(**spoken),
        item=None if row["standing"] is None else item(row["standing"]),
        evidence=[evidence(picture) for picture in pictures],
        server_time=now,
    )


def evidence(row: Row) -> Evidence:
    """What is known of a picture; of several alerts the newest is the one it belongs to."""
    apart = {"path", "alert", "item", "bytes"}
    alerts, items = row["alerts"], row["items"]
    return Evidence(
        **{name: row[name] for name in Evidence.model_fields.keys() - apart},
        alert=alerts[-1]["id"] if alerts else None,
        item=items[-1]["id"] if items else None,
        bytes=row["bytes"] if "bytes" in row else row["jpeg_bytes"],
        path=path(row["path"]),
    )


def evidence_view(row: Row) -> EvidenceView:
    """Who looked at a picture."""
    names = EvidenceView.model_fields.keys() - {"person", "item", "path"}
    return EvidenceView(
        **{name: row[name] for name in names},
        person=PersonName(login=row["person"], name=row["person_name"] or row["person"]),
        item=row["item_number"],
        path=path(row["path"]),
    )


def person(login: str | None, name: str | None) -> PersonName | None:
    """A person by log-in; the log-in is the name where no account is called so."""
    return None if login is None else PersonName(login=login, name=name or login)


def grid(row: Row) -> Named:
    """The grid of an item's or alert's row; its id where it is no longer in the tree."""
    return Named(id=row["grid"], name_zh=row["grid_zh"] or row["grid"], name_en=row["grid_en"] or "")


def path(places: Sequence[Mapping[str, Any]] | None) -> list[PlaceRef]:
    """From the city down to the place; empty when it is no longer in the tree."""
    return [PlaceRef(**place) for place in places or ()]


def _summary(row: Row) -> AlertSummary:
    why = _facts(row["why"])
    names = AlertSummary.model_fields.keys() - {"why", "sources"}
    sources = why.get("sources")
    return AlertSummary(
        **{name: row[name] for name in names},
        why=why,
        sources=len(sources) if isinstance(sources, list) else 1,
    )


def _contact(row: Row) -> Contact:
    return Contact(
        role=row["role"],
        place=PlaceRef(**row["place"]),
        person=person(row["login"], row["name"]),
        on_duty=row["on_duty"],
    )


def _facts(why: Any) -> dict[str, Any]:
    return dict(why) if isinstance(why, Mapping) else {}


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
