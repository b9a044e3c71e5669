"""Work items as people see them, their history, and the acts."""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, WithJsonSchema

from server.alerts.model import Certainty, Hazard, Quiet
from server.alerts.work_item import Act, State
from server.api.problems import Code
from server.api.schemas.places import ContactCode, Point
from server.api.schemas.wire import (
    Asked,
    GivenTime,
    LevelCode,
    LonLat,
    Named,
    PersonName,
    PlaceRef,
    Reason,
    Shape,
    Time,
    codes,
)

HazardCode = Annotated[str, codes(Hazard)]
CertaintyCode = Annotated[str, codes(Certainty)]
StateCode = Annotated[str, codes(State)]
QuietCode = Annotated[str, codes(Quiet)]
ActCode = Annotated[str, codes(Act)]
SeverityNumber = Annotated[int, WithJsonSchema({"type": "integer", "enum": [1, 2, 3, 4]})]

ITEM_EXAMPLE: dict[str, Any] = {
    "id": "0197a3c0-7d3a-7c52-9a3e-3a60b4f5d111",
    "number": 1042,
    "alert": {"id": "0197a3c0-7d3a-7c52-9a3e-3a60b4f5d000", "number": 988},
    "exercise": "",
    "hazard": "fire",
    "severity": 1,
    "certainty": "confirmed",
    "state": "claimed",
    "quiet": None,
    "owner": {"login": "zhangwei", "name": "张伟"},
    "lease_until": "2026-05-24T09:04:00.000Z",
    "deadline_at": "2026-05-24T08:52:00.000Z",
    "opened_at": "2026-05-24T08:49:00.000Z",
    "last_at": "2026-05-24T08:49:12.000Z",
    "closes_at": None,
    "closed_at": None,
    "outcome": None,
    "count": 3,
    "version": 2,
    "mark": 734512,
    "grid": {"id": "jinsha-g3", "name_zh": "金沙3网格", "name_en": "Jinsha grid 3"},
    "site": "jinyuan",
    "place": "jinyuan-7-2",
    "path": [
        {"id": "jinyuan", "level": "compound", "name_zh": "锦园", "name_en": "Jinyuan"},
        {"id": "jinyuan-7-2", "level": "unit", "name_zh": "7栋2单元", "name_en": "Building 7, Unit 2"},
    ],
    "location": [102.71, 25.04],
    "evidence": 1,
}


class AlertRef(Shape):
    """The alert of a work item."""

    id: UUID
    number: int


class Item(Shape):
    """An alert as it stands in a grid's queue. `exercise` is '' for what is real.

    `version` is what an act may expect; `mark` differs whenever anything here differs.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [ITEM_EXAMPLE]})

    id: UUID
    number: int
    alert: AlertRef | None
    exercise: str
    hazard: HazardCode
    severity: SeverityNumber
    certainty: CertaintyCode
    state: StateCode
    quiet: QuietCode | None
    owner: PersonName | None
    lease_until: Time | None
    deadline_at: Time
    opened_at: Time
    last_at: Time
    closes_at: Time | None
    closed_at: Time | None
    outcome: StateCode | None
    count: int
    version: int
    mark: int
    grid: Named
    site: str
    place: str
    path: list[PlaceRef]
    location: LonLat | None
    evidence: int


class ItemPage(Shape):
    """Work items by urgency (severity, time to the deadline, number); closed ones last, the newest first."""

    items: list[Item]
    next: str | None
    server_time: Time


class NotDone(Shape):
    """An act that was made without network and lost: what was wanted, why it failed, and to whom it was lost."""

    wanted: ActCode
    code: Annotated[str, codes(Code)]
    lost_to: PersonName | None


class HistoryEntry(Shape):
    """One line of an item's history. `at` is the server's time; `device_time` what a phone without network said."""

    at: Time
    device_time: Time | None
    actor: PersonName
    act: ActCode
    from_state: StateCode | None
    to_state: StateCode
    level: LevelCode
    reason: str
    version: int
    not_done: NotDone | None
    data: dict[str, Any]


class AlertSummary(Shape):
    """What the item's alert says in short; the whole is at `/alerts/{id}`."""

    id: UUID
    number: int
    rule: str
    pack: str
    device: str
    happened_at: Time
    raised_at: Time
    late_ms: int
    condition_ended_at: Time | None
    why: dict[str, Any]
    sources: int


class Contact(Shape):
    """Who answers at a place above or at the item's; `person` where somebody has that role there."""

    role: ContactCode
    place: PlaceRef
    person: PersonName | None
    on_duty: bool | None


class SketchShape(Shape):
    """A polygon of the sketch: GeoJSON coordinates of a MultiPolygon."""

    id: str
    level: LevelCode
    name_zh: str
    name_en: str
    coordinates: list[Any]


class Sketch(Shape):
    """The compound around an item: outlines, exits, muster points, hydrants, and where the item is."""

    compound: PlaceRef | None
    here: LonLat | None
    polygons: list[SketchShape]
    points: list[Point]


class ItemDetail(Shape):
    """A work item with all that a worker needs on the way."""

    item: Item
    history: list[HistoryEntry]
    alert: AlertSummary | None
    contacts: list[Contact]
    sketch: Sketch
    server_time: Time


class ActName(StrEnum):
    """The acts as they stand in the address."""

    CLAIM = "claim"
    RENEW = "renew"
    RELEASE = "release"
    ON_SCENE = "on-scene"
    RESOLVE = "resolve"
    FALSE_ALARM = "false-alarm"
    UNDO = "undo"
    CLOSE = "close"
    COMMENT = "comment"


class ActRequest(Asked):
    """What goes with an act.

    `version` refuses the act (`changed`) unless the item still has it. `queued` says that it was made without network:
    if it is lost, a note stays in the history. `device_time` is kept beside the server's own time.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"version": 2},
                {"reason": "油烟", "device_time": "2026-05-24T08:49:00.120Z", "queued": True},
            ]
        }
    )

    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    reason: Reason = ""
    device_time: GivenTime | None = None
    queued: bool = False


class ActDone(Shape):
    """The item as it is now. `already`: it was so before, by the same person; nothing was changed but the lease."""

    item: Item
    outcome: Literal["done", "already"]
