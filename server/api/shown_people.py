"""What `server.people` answers as the shapes on the wire, and requests as what it takes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from redwhistle.errors import PersonRefused
from server.api.gate import Entrant
from server.api.ports import PlaceLooking
from server.api.schemas.people import AddPerson, AuditEntry, GivenGrant, Person
from server.api.schemas.session import Grant, GrantPlace, Myself, ScopePlace, SessionRow, TokenRow
from server.api.schemas.wire import Named, PersonName
from server.api.shown import path
from server.people import records
from server.people.accounts import NewPerson
from server.people.records import By
from server.rights import caller as rights
from server.rights.caller import Caller
from server.rights.gate import rights_of
from server.rights.roles import Right, Role
from server.rights.scope import Scope

_SAME = ["id", "login", "name", "lang", "on_duty", "on_duty_since", "must_change_password"]


def by(who: Entrant) -> By:
    """Who does it, for the audit."""
    return By(who.caller.login, who.address)


def myself(person: records.Person, caller: Caller, now: datetime) -> Myself:
    """The own account, with the rights that hold through this session or token."""
    held = rights_of(caller, now)
    return Myself.model_validate(
        {
            **{name: getattr(person, name) for name in _SAME},
            "grants": [_grant(one) for one in person.grants],
            "rights": [right.value for right in Right if right in held],
        }
    )


def person(row: records.Person) -> Person:
    """An account."""
    return Person.model_validate(
        {
            **{name: getattr(row, name) for name in _SAME},
            "has_password": row.has_password,
            "oidc": row.oidc_issuer is not None,
            "disabled_at": row.disabled_at,
            "created_at": row.created_at,
            "grants": [_grant(one) for one in row.grants],
        }
    )


def new_person(asked: AddPerson, password: SecretStr) -> NewPerson:
    """An account to be made; raise PersonRefused for a role that names the wrong thing."""
    return NewPerson(
        asked.login, asked.name, asked.lang, password, must_change_password=True, grants=grants(asked.grants)
    )


def grants(given: Sequence[GivenGrant]) -> tuple[rights.Grant, ...]:
    """Roles as they are asked for; raise PersonRefused for one that names the wrong thing."""
    try:
        return tuple(rights.Grant(Role(one.role), one.place, one.company) for one in given)
    except ValueError as error:
        raise PersonRefused("grants", "bound", str(error)) from None


def session(row: records.SessionShown, caller: Caller) -> SessionRow:
    """A live session; `current` is the one that asks."""
    return SessionRow.model_validate(
        {
            "id": row.id,
            "started_at": row.made_at,
            "last_seen_at": row.seen_at,
            "expires_at": row.expires_at,
            "how": row.how,
            "address": row.address,
            "agent": row.agent,
            "current": row.id == caller.credential,
        }
    )


def token(row: records.TokenShown) -> TokenRow:
    """An API token without its secret."""
    return TokenRow(
        id=row.id,
        name=row.label,
        read_only=row.read_only,
        created_at=row.made_at,
        expires_at=row.expires_at,
        last_used_at=row.used_at,
    )


def audit(row: records.AuditRow) -> AuditEntry:
    """A line of the audit."""
    about = None if row.login is None else PersonName(login=row.login, name=row.name or row.login)
    name = row.name if row.login == row.actor and row.name else row.actor
    return AuditEntry(
        id=row.id,
        at=row.at,
        who=PersonName(login=row.actor, name=name) if row.actor else None,
        what=row.act,
        person=about,
        about=row.about,
        detail=dict(row.detail),
        address=row.address,
    )


def scope_places(places: PlaceLooking, scope: Scope) -> list[ScopePlace]:
    """The places where a scope begins: granted ones, compounds of companies, or the tops of the tree."""
    rows: Sequence[Any] = [] if scope.empty else places.scope_places(scope)
    return [ScopePlace(**{**row, "path": path(row["path"])}) for row in rows]


def _grant(row: records.GrantShown) -> dict[str, Any]:
    name_zh, name_en = row.name_zh or row.place or row.company or "", row.name_en or ""
    place = company = None
    if row.place is not None:
        place = GrantPlace(id=row.place, level=row.level, name_zh=name_zh, name_en=name_en)
    if row.company is not None:
        company = Named(id=row.company, name_zh=name_zh, name_en=name_en)
    return Grant(role=row.role.value, place=place, company=company).model_dump()
