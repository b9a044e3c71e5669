"""What the doors need from the rest of the server. `wiring` fills a `Doors`; nothing here knows a database.

Rows are mappings with the names of the columns that the queries under server/store/queries/reading answer. Every
method that reads what people may see takes their `Scope`, and limits rows by it in the query itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from redwhistle.clock import Clock
from server.alerts.work_item import Act
from server.api.paging import Page
from server.rights.caller import Caller
from server.rights.scope import Scope

if TYPE_CHECKING:
    from server.people.people import People

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ItemsWanted:
    """Which work items or alerts: at a place and below, of a grid, of one hazard, of one exercise (None: all)."""

    at: str | None = None
    grid: str | None = None
    owner: str | None = None
    hazard: str | None = None
    text: str | None = None
    exercise: str | None = ""
    closed: bool = False


@dataclass(frozen=True, slots=True)
class EventsWanted:
    """Which events. A device is `(box, device)`; times are half open."""

    at: str | None = None
    device: tuple[str, str] | None = None
    kind: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    exercise: str | None = ""


@dataclass(frozen=True, slots=True)
class ActAsked:
    """A person's act as it came in. `key` makes a repeated request the same request; `digest` is of its content."""

    ref: str
    what: Act
    reason: str = ""
    version: int | None = None
    device_time: datetime | None = None
    queued: bool = False
    key: UUID | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer: kept under its idempotency key, and given again byte for byte."""

    status: int
    body: bytes


class Looking(Protocol):
    """What people look at. Raises NotFound for what is unknown or out of scope, alike; Unavailable; StoreError."""

    def items(self, scope: Scope, wanted: ItemsWanted, page: Page) -> Sequence[Row]: ...
    def item(self, scope: Scope, ref: str) -> Row: ...
    def item_surroundings(self, scope: Scope, item: Row) -> Row:
        """`alert` (row or None), `contacts`, `polygons`, `points` of an item."""

    def alerts(self, scope: Scope, wanted: ItemsWanted, page: Page) -> Sequence[Row]: ...
    def alert(self, scope: Scope, ref: str, now: datetime) -> Row:
        """An alert with `log`, `suppressed`, `linked`, `rule_in_words`, `item` (row or None)."""

    def companies(self, scope: Scope) -> Sequence[Row]: ...
    def places(
        self, scope: Scope, *, at: str | None, level: str | None, text: str | None, page: Page
    ) -> Sequence[Row]: ...
    def place(self, scope: Scope, place: str) -> Row:
        """`place`, `path`, `company`, `children`, `points`, `counts`."""

    def map_of(self, scope: Scope, at: str | None) -> Row:
        """`places` and `points` with their shapes."""

    def scope_places(self, scope: Scope) -> Sequence[Row]: ...
    def boxes(self, scope: Scope, *, at: str | None, page: Page) -> Sequence[Row]: ...
    def box(self, scope: Scope, box: str) -> Row: ...
    def devices(
        self, scope: Scope, *, at: str | None, box: str | None, kind: str | None, page: Page, now: datetime
    ) -> Sequence[Row]: ...
    def device(self, scope: Scope, box: str, device: str, now: datetime) -> Row: ...
    def readings(
        self,
        scope: Scope,
        devices: Sequence[tuple[str, str]],
        metrics: Sequence[str] | None,
        start: datetime,
        end: datetime,
        width: timedelta,
    ) -> Sequence[Row]: ...
    def events(self, scope: Scope, wanted: EventsWanted, page: Page) -> Sequence[Row]: ...


class Acting(Protocol):
    """What people do to work items."""

    def act(
        self,
        caller: Caller,
        see: Scope,
        may: Scope,
        asked: ActAsked,
        now: datetime,
        answer: Callable[[Row, str], Answer],
        refuse: Callable[[Exception, Row], Answer],
    ) -> Answer:
        """Do it in one transaction with its idempotency key. `answer(item, outcome)` and `refuse(error, item)` write
        the answer that is kept. NotFound outside `see`, NotAllowed outside `may`."""


class EvidencePort(Protocol):
    """Pictures of alerts. A look at one is recorded before it is answered, in the same transaction."""

    def of_alert(self, scope: Scope, alert: str) -> Sequence[Row]: ...
    def one(self, scope: Scope, evidence: UUID) -> Row: ...
    def look(self, scope: Scope, evidence: UUID, caller: Caller, address: str, now: datetime) -> bytes: ...
    def views(self, scope: Scope, evidence: UUID | None, page: Page) -> Sequence[Row]: ...


class Oidc(Protocol):
    """Log-in through an OpenID Connect provider."""

    @property
    def name(self) -> str: ...
    def start(self, now: datetime) -> tuple[str, str]:
        """The address to go to, and the value of the short-lived cookie."""


class Streaming(Protocol):
    """The live stream."""

    async def connect(self, request: Request, caller: Caller, after: str | None) -> Response: ...


class Health(Protocol):
    """Whether this process can serve."""

    def parts(self) -> Sequence[Row]:
        """`name`, `ready`, `detail` of each part."""


@dataclass(frozen=True, slots=True)
class MapTilesSetting:
    """A tile server that the operator has set."""

    url: str
    attribution: str


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A log-in that the demo offers by one click."""

    login: str
    name: str
    role: str
    password: str


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """What the doors are told. `secure`: cookies only travel over TLS (our own, or a trusted proxy's)."""

    lease_s: float = 900.0
    undo_s: float = 10.0
    secure: bool = False
    map_tiles: MapTilesSetting | None = None
    emergency_numbers: tuple[str, ...] = ("119", "110", "120")
    demo_accounts: tuple[DemoAccount, ...] = ()
    metrics_token: str | None = None


@dataclass(frozen=True, slots=True)
class Doors:
    """Everything behind the doors."""

    clock: Clock
    people: "People"
    look: Looking
    acting: Acting
    evidence: EvidencePort
    health: Health
    settings: DoorSettings
    stream: Streaming | None = None
    oidc: Oidc | None = None
