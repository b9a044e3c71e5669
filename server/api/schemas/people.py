"""Accounts of others, for those who manage people; and the audit."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from server.api.schemas.session import Grant, Login, Name, RoleCode
from server.api.schemas.wire import Asked, Lang, PersonName, Shape, Time, codes
from server.people.records import AuditAct


class Person(Shape):
    """An account."""

    id: UUID
    login: str
    name: str
    lang: Lang
    on_duty: bool
    on_duty_since: Time | None
    must_change_password: bool
    has_password: bool
    oidc: bool
    disabled_at: Time | None
    created_at: Time
    grants: list[Grant]


class PersonPage(Shape):
    """Accounts by log-in."""

    items: list[Person]
    next: str | None


class GivenGrant(Asked):
    """A role with its place (command, grid_worker) or its company (property_manager)."""

    role: RoleCode
    place: Annotated[str, Field(max_length=64)] | None = None
    company: Annotated[str, Field(max_length=64)] | None = None


class AddPerson(Asked):
    """A new account. Its first password is random and answered once; the person must change it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "login": "zhangwei",
                    "name": "张伟",
                    "lang": "zh",
                    "grants": [{"role": "grid_worker", "place": "jinsha-g3"}],
                }
            ]
        }
    )

    login: Login
    name: Name
    lang: Lang = "zh"
    grants: Annotated[list[GivenGrant], Field(max_length=100)] = Field(default_factory=list)


class PersonMade(Shape):
    """A new account and its first password, shown this once."""

    person: Person
    password: str


class PasswordMade(Shape):
    """A new random password, shown this once; the person must change it at the next log-in."""

    password: str


class ChangePerson(Asked):
    """What is changed of an account; what is left out stays. A disabled account cannot log in and its sessions end."""

    name: Name | None = None
    lang: Lang | None = None
    disabled: bool | None = None


class SetGrants(Asked):
    """All roles of a person from now on."""

    grants: Annotated[list[GivenGrant], Field(max_length=100)]


class AuditEntry(Shape):
    """Something that was done to an account, a session or a token, or that was tried. `about` names the session, token,
    place or company; `who` is null where nobody was logged in."""

    id: int
    at: Time
    who: PersonName | None
    what: Annotated[str, codes(AuditAct)]
    person: PersonName | None
    about: str
    detail: dict[str, Any]
    address: str


class AuditPage(Shape):
    """The audit, the newest first."""

    items: list[AuditEntry]
    next: str | None
