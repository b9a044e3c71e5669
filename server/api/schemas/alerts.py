"""Alerts with their reasons: why it fired, why nobody was told; and the evidence that belongs to them."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, WithJsonSchema

from server.api.schemas.queue import CertaintyCode, HazardCode, Item, QuietCode, SeverityNumber, StateCode
from server.api.schemas.wire import LonLat, Named, PersonName, PlaceRef, Shape, Time

_REMOVED = {"anyOf": [{"type": "string", "enum": ["expired", "displaced"]}, {"type": "null"}]}


class AlertItem(Shape):
    """How an alert stands in the queue."""

    id: UUID
    number: int
    state: StateCode
    owner: PersonName | None
    outcome: StateCode | None


class Alert(Shape):
    """One or more events at one place, judged."""

    id: UUID
    number: int
    exercise: str
    hazard: HazardCode
    severity: SeverityNumber
    certainty: CertaintyCode
    rule: str
    pack: str
    device: str
    happened_at: Time
    raised_at: Time
    last_at: Time
    condition_ended_at: Time | None
    closed_at: Time | None
    late_ms: int
    count: int
    quiet: QuietCode | None
    quiet_by: str | None
    site: str
    place: str
    path: list[PlaceRef]
    location: LonLat | None
    grid: Named | None
    item: AlertItem | None
    evidence: int


class AlertPage(Shape):
    """Alerts, the newest first."""

    items: list[Alert]
    next: str | None


class Decision(Shape):
    """One decision of the engine: what it did at which item, and the facts (`why`: rule, sources, values, limits)."""

    at: Time
    happened_at: Time
    decision: str
    item: str
    device: str
    severity: SeverityNumber | None
    certainty: CertaintyCode | None
    quiet: QuietCode | None
    quiet_by: str | None
    why: dict[str, Any]


class Suppressed(Shape):
    """What one of the alert's devices said around that time and that raised nothing."""

    at: Time
    happened_at: Time
    item: str
    device: str
    reason: QuietCode
    rule: str
    detail: str


class RuleWords(Shape):
    """The rule in plain words, from the very pack that decided."""

    zh: str
    en: str


class Numbered(Shape):
    """An alert or a work item by id and number."""

    id: UUID
    number: int


class Evidence(Shape):
    """A blurred picture of an alarm; the picture itself needs a view, which is recorded. `kept`: it can still be viewed."""

    id: UUID
    alert: UUID | None = Field(description="The newest alert that it belongs to")
    item: UUID | None = Field(description="That alert's work item")
    alerts: list[Numbered]
    items: list[Numbered]
    box: str
    device: str
    site: str
    place: str
    path: list[PlaceRef]
    exercise: str
    taken_at: Time
    device_at: Time
    received_at: Time
    expires_at: Time
    kept: bool
    removed_at: Time | None
    removed_why: Annotated[str | None, WithJsonSchema(_REMOVED)]
    width_px: int
    height_px: int
    people_blurred: int
    method: str
    bytes: int
    views: int


class AlertDetail(Shape):
    """An alert with everything that explains it."""

    alert: Alert
    log: list[Decision]
    suppressed: list[Suppressed]
    linked: list[int] = Field(description="Numbers of alerts of the same cause")
    rule_in_words: RuleWords | None
    item: Item | None
    evidence: list[Evidence]
    server_time: Time


class EvidenceView(Shape):
    """Somebody looked at a picture: who, when, from where, in which work item."""

    id: int
    at: Time
    evidence: UUID
    person: PersonName
    door: str
    address: str
    alert: int | None = Field(description="Number of the alert")
    item: int | None = Field(description="Number of the work item")
    device: str
    site: str
    place: str
    path: list[PlaceRef]
    exercise: str
    taken_at: Time


class EvidenceViewPage(Shape):
    """Views, the newest first."""

    items: list[EvidenceView]
    next: str | None
