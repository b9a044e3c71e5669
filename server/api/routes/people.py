"""Accounts of others, for those who manage people; and the audit."""

from uuid import UUID

from fastapi import Response

from server.api import shown_people
from server.api.gate import DoorsHere, Router, Who
from server.api.paging import DEFAULT_LIMIT, Cursor, Limit, cut, read_page
from server.api.problems import Code
from server.api.schemas.people import (
    AddPerson,
    AuditPage,
    ChangePerson,
    PasswordMade,
    Person,
    PersonMade,
    PersonPage,
    SetGrants,
)
from server.api.schemas.session import SessionList
from server.people.passwords import random_password
from server.rights.roles import Right

router = Router("people", "/people")
audit = Router("people")
MANAGE = Right.MANAGE_PEOPLE


@router.route("GET", "", "list_people", MANAGE, response_model=PersonPage)
def list_people(doors: DoorsHere, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> PersonPage:
    """All accounts by log-in, the disabled ones, too."""
    page = read_page("people", limit, cursor, str)
    after = "" if page.after is None else str(page.after[0])
    found = doors.people.accounts.list(after=after, limit=page.fetch)
    rows, following = cut("people", page, found, lambda row: [row.login])
    return PersonPage(items=[shown_people.person(row) for row in rows], next=following)


@router.route(
    "POST", "", "add_person", MANAGE, status=201, problems=(Code.CONFLICT,), response_model=PersonMade
)
def add_person(asked: AddPerson, who: Who, doors: DoorsHere) -> PersonMade:
    """Make an account with a random first password, which is answered this once."""
    password = random_password()
    made = doors.people.accounts.add(shown_people.new_person(asked, password), shown_people.by(who), who.now)
    return PersonMade(person=shown_people.person(made), password=password.get_secret_value())


@router.route("GET", "/{person}", "get_person", MANAGE, problems=(Code.NOT_FOUND,), response_model=Person)
def get_person(person: UUID, doors: DoorsHere) -> Person:
    """One account."""
    return shown_people.person(doors.people.accounts.read(str(person)))


@router.route(
    "PATCH", "/{person}", "change_person", MANAGE, problems=(Code.NOT_FOUND,), response_model=Person
)
def change_person(person: UUID, asked: ChangePerson, who: Who, doors: DoorsHere) -> Person:
    """Rename, change the language, disable or enable."""
    changed = doors.people.accounts.change(
        str(person),
        shown_people.by(who),
        who.now,
        name=asked.name,
        lang=asked.lang,
        disabled=asked.disabled,
    )
    return shown_people.person(changed)


@router.route(
    "POST",
    "/{person}/password",
    "reset_password",
    MANAGE,
    problems=(Code.NOT_FOUND,),
    response_model=PasswordMade,
)
def reset_password(person: UUID, who: Who, doors: DoorsHere) -> PasswordMade:
    """Give a new random password, answered this once. All sessions of the account end."""
    made = doors.people.accounts.reset_password(str(person), shown_people.by(who), who.now)
    return PasswordMade(password=made.get_secret_value())


@router.route(
    "PUT", "/{person}/grants", "set_grants", MANAGE, problems=(Code.NOT_FOUND,), response_model=Person
)
def set_grants(person: UUID, asked: SetGrants, who: Who, doors: DoorsHere) -> Person:
    """Set all roles of an account. Open streams follow within seconds."""
    grants = shown_people.grants(asked.grants)
    return shown_people.person(
        doors.people.accounts.set_grants(str(person), grants, shown_people.by(who), who.now)
    )


@router.route(
    "GET",
    "/{person}/sessions",
    "sessions_of_person",
    MANAGE,
    problems=(Code.NOT_FOUND,),
    response_model=SessionList,
)
def sessions_of_person(person: UUID, who: Who, doors: DoorsHere) -> SessionList:
    """Where an account is logged in."""
    doors.people.accounts.read(str(person))
    rows = doors.people.sessions.list_of(str(person), who.now)
    return SessionList(items=[shown_people.session(row, who.caller) for row in rows])


@router.route(
    "DELETE", "/{person}/sessions", "end_sessions_of_person", MANAGE, status=204, problems=(Code.NOT_FOUND,)
)
def end_sessions_of_person(person: UUID, who: Who, doors: DoorsHere) -> Response:
    """Log an account out everywhere."""
    doors.people.accounts.read(str(person))
    doors.people.sessions.end_all(str(person), shown_people.by(who), who.now)
    return Response(status_code=204)


@router.route(
    "DELETE",
    "/{person}/sessions/{session}",
    "end_session_of_person",
    MANAGE,
    status=204,
    problems=(Code.NOT_FOUND,),
)
def end_session_of_person(person: UUID, session: UUID, who: Who, doors: DoorsHere) -> Response:
    """End one session of an account."""
    doors.people.sessions.end(str(person), str(session), shown_people.by(who), who.now)
    return Response(status_code=204)


@audit.route("GET", "/audit", "list_audit", Right.SEE_AUDIT, response_model=AuditPage)
def list_audit(who: Who, doors: DoorsHere, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> AuditPage:
    """What was done to accounts in scope, and who tried to log in: the newest first."""
    page = read_page("audit", limit, cursor, int)
    before = None if page.after is None else int(str(page.after[0]))
    found = doors.people.accounts.list_audit(who.scope, before=before, limit=page.fetch)
    rows, following = cut("audit", page, found, lambda row: [row.id])
    return AuditPage(items=[shown_people.audit(row) for row in rows], next=following)
