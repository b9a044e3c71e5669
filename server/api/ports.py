"""What the doors need from the rest of the server. `wiring` fills a `Doors`; nothing here knows a database.

Rows are mappings with the names of the columns that the queries under server/store/queries/reading answer. Every
method that reads what people may see takes their `Scope`, and limits rows by it in the query itself.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol
from uuid import UUID

import server
from redwhistle.clock import Clock
from server.alerts import rules
from server.alerts.ports import UnitOfWork
from server.alerts.terms import DEFAULT_TERMS, Terms
from server.api.rates import Rates
from server.api.stream.hub import Hub
from server.people.people import People
from server.people.records import Identity
from server.records.acting import ActAsked, Kept
from server.records.looking import EventsWanted, ItemsWanted, Page
from server.rights.scope import Scope

Row = Mapping[str, Any]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
BUILT_CONSOLE = Path(server.__file__).parent / "web" / "dist"


class QueueLooking(Protocol):
    """Work items and alerts. Raises NotFound for what is unknown or out of scope, alike."""

    def items(self, scope: Scope, wanted: ItemsWanted, page: Page) -> Sequence[Row]: ...
    def item(self, scope: Scope, ref: str) -> Row:
        """With `history`."""

    def item_surroundings(self, item: Row) -> Row:
        """`alert` (row or None), `contacts`, `polygons`, `points` of an item."""

    def alerts(self, scope: Scope, wanted: ItemsWanted, page: Page) -> Sequence[Row]: ...
    def alert(self, scope: Scope, ref: str, now: datetime) -> Row:
        """An alert with `log`, `suppressed`, `linked`, `rule_in_words`, `standing` (the item or None)."""


class PlaceLooking(Protocol):
    """Places, companies, the map. Raises NotFound as above."""

    def companies(self, scope: Scope) -> Sequence[Row]: ...
    def places(
        self, scope: Scope, *, at: str | None, level: str | None, text: str | None, page: Page
    ) -> Sequence[Row]: ...
    def place(self, scope: Scope, place: str) -> Row:
        """`place`, `path`, `company`, `children`, `points`, `counts`."""

    def map_of(self, scope: Scope, at: str | None) -> Row:
        """`places` and `points` with their shapes."""

    def scope_places(self, scope: Scope) -> Sequence[Row]:
        """Where a scope begins, each place with its `path`."""


class DeviceLooking(Protocol):
    """Boxes, devices, readings, events. Raises NotFound as above."""

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


class ActTransaction(Protocol):
    """An open transaction in which one act is done."""

    @property
    def uow(self) -> UnitOfWork: ...
    def pack_of(self, ref: str) -> rules.Pack: ...
    def item(self, scope: Scope, ref: str) -> Row: ...
    def kept(self, key: UUID) -> Kept | None:
        """The act that came with this key before."""

    def keep(self, asked: ActAsked, kept: Kept, item: str, now: datetime) -> None:
        """Keep it under its key, or that it is noted by now."""


class ActDesk(Protocol):
    """Opens transactions for acts."""

    def begin(self) -> AbstractContextManager[ActTransaction]: ...


class EvidencePort(Protocol):
    """Pictures of alerts. A look at one is recorded before it is answered, in the same transaction."""

    def of_alert(self, scope: Scope, alert: str, now: datetime) -> Sequence[Row]: ...
    def one(self, scope: Scope, evidence: UUID, now: datetime) -> Row: ...
    def look(self, scope: Scope, evidence: UUID, login: str, address: str, now: datetime) -> bytes: ...
    def views(self, scope: Scope, evidence: UUID | None, page: Page) -> Sequence[Row]: ...


class Oidc(Protocol):
    """Log-in through an OpenID Connect provider."""

    @property
    def name(self) -> str: ...
    def start(self, now: datetime) -> tuple[str, str]:
        """The address to go to, and the value of the short-lived cookie."""

    def finish(self, given: Mapping[str, str], cookie: str | None, now: datetime) -> Identity:
        """Who came back with these parameters; raise OidcFailed."""


class Health(Protocol):
    """Whether this process can serve."""

    def parts(self) -> Sequence[Row]:
        """`name`, `ready`, `detail` of each part."""


@dataclass(frozen=True, slots=True)
class MapTilesSetting:
    """A tile server that the operator has set."""

    url: str
    attribution: str
    datum: Literal["wgs84", "gcj02"] = "wgs84"


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

    terms: Terms = DEFAULT_TERMS
    host: str = "127.0.0.1"
    public_url: str | None = None
    proxies: tuple[Network, ...] = ()
    connections: int = 10
    request_max_bytes: int = 2**20
    console_dir: Path = BUILT_CONSOLE
    secure: bool = False
    map_tiles: MapTilesSetting | None = None
    emergency_numbers: tuple[str, ...] = ("119", "110", "120")
    demo_accounts: tuple[DemoAccount, ...] = ()
    metrics_token: str | None = None


@dataclass(frozen=True, slots=True)
class Doors:
    """Everything behind the doors."""

    clock: Clock
    people: People
    queue: QueueLooking
    places: PlaceLooking
    devices: DeviceLooking
    desk: ActDesk
    evidence: EvidencePort
    health: Health
    settings: DoorSettings
    rates: Rates
    stream: Hub | None = None
    oidc: Oidc | None = None
