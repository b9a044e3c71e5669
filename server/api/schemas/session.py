"""Who is logged in, how to log in, and one's own account: sessions and tokens."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, SecretStr

from server.api.schemas.wire import Asked, Lang, LevelCode, Named, PlaceRef, Shape, Time

RoleCode = Literal["admin", "command", "grid_worker", "property_manager"]
RightCode = Literal[
    "see_places", "see_devices", "see_alerts", "act", "comment", "see_evidence", "see_audit", "manage_people"
]
Login = Annotated[str, Field(pattern=r"^[a-z0-9._-]{2,40}$", examples=["zhangwei"])]
Name = Annotated[str, Field(min_length=1, max_length=100, examples=["张伟"])]


class LogIn(Asked):
    """A log-in and its password."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"login": "zhangwei", "password": "correct horse battery"}]}
    )

    login: Annotated[str, Field(min_length=1, max_length=100)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=1000)]


class GrantPlace(Shape):
    """Where a role holds; `level` is null for a place that is no longer in the tree, and the role covers nothing there."""

    id: str
    level: LevelCode | None
    name_zh: str
    name_en: str


class Grant(Shape):
    """A role, and where it holds: a place and everything below, or the compounds of a company; neither for admin."""

    role: RoleCode
    place: GrantPlace | None
    company: Named | None


class Myself(Shape):
    """The person of this session or token."""

    id: UUID
    login: str
    name: str
    lang: Lang
    on_duty: bool
    on_duty_since: Time | None
    must_change_password: bool
    grants: list[Grant]
    rights: list[RightCode]


class ScopePlace(Shape):
    """A place where the person has a right to see alerts, with the places above it (from the city down to itself)."""

    id: str
    level: LevelCode
    name_zh: str
    name_en: str
    path: list[PlaceRef]


class MapTiles(Shape):
    """A tile server that the operator has set; none by default."""

    url: str
    attribution: str
    datum: Literal["wgs84", "gcj02"]


class ConsoleSettings(Shape):
    """What the console needs to know of the server's settings."""

    lease_s: float
    undo_s: float
    map_tiles: MapTiles | None
    emergency_numbers: list[str]
    demo: bool


class Session(Shape):
    """Who is logged in, with the token that changes must carry (`X-CSRF-Token`); empty for an API token."""

    person: Myself
    csrf: str
    expires_at: Time | None
    server_time: Time
    scope_places: list[ScopePlace]
    settings: ConsoleSettings


class OidcOption(Shape):
    """An OpenID Connect provider that can be used to log in."""

    name: str


class DemoLogin(Shape):
    """A log-in of the demo, offered by one click. Never there outside the demo."""

    login: str
    name: str
    role: RoleCode
    password: str


class SessionOptions(Shape):
    """The ways to log in here."""

    oidc: OidcOption | None
    demo_logins: list[DemoLogin]
    languages: list[Lang]


class ChangeMe(Asked):
    """What a person changes of the own account; what is left out stays."""

    name: Name | None = None
    lang: Lang | None = None
    on_duty: bool | None = None


class ChangePassword(Asked):
    """The password of now, and the one from now on (at least 12 characters)."""

    current: Annotated[SecretStr, Field(max_length=1000)]
    new: Annotated[SecretStr, Field(max_length=1000)]


class SessionRow(Shape):
    """One place where a person is logged in."""

    id: UUID
    started_at: Time
    last_seen_at: Time
    expires_at: Time
    how: Literal["password", "oidc"]
    address: str
    agent: str
    current: bool


class SessionList(Shape):
    """Sessions that hold now, the latest used first."""

    items: list[SessionRow]


class TokenRow(Shape):
    """An API token, without its secret."""

    id: str
    name: str
    read_only: bool
    created_at: Time
    expires_at: Time
    last_used_at: Time | None


class TokenList(Shape):
    """API tokens that can still be used."""

    items: list[TokenRow]


class MakeToken(Asked):
    """An API token for a machine. It has its owner's rights, without changes if `read_only`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "wall", "days": 365, "read_only": True}]}
    )

    name: Annotated[str, Field(min_length=1, max_length=100)]
    days: Annotated[int, Field(ge=1, le=1100)] = 365
    read_only: bool = True


class TokenMade(Shape):
    """A new token; `token` is shown this once."""

    row: TokenRow
    token: str
