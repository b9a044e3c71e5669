"""One's own account: name, language, duty, password, sessions, tokens."""

from uuid import UUID

from fastapi import Response

from server.api import shown_people
from server.api.gate import DoorsHere, Gate, Router, Who
from server.api.problems import Code, ProblemError
from server.api.schemas.session import (
    ChangeMe,
    ChangePassword,
    MakeToken,
    Myself,
    SessionList,
    TokenList,
    TokenMade,
)
from server.rights.caller import Via

router = Router("me", "/me")


@router.route("GET", "", "get_me", Gate.UNRIPE, response_model=Myself)
def get_me(who: Who, doors: DoorsHere) -> Myself:
    """The own account with its roles and rights."""
    return shown_people.myself(doors.people.accounts.read(who.caller.person), who.caller, who.now)


@router.route("PATCH", "", "change_me", Gate.SELF, response_model=Myself)
def change_me(asked: ChangeMe, who: Who, doors: DoorsHere) -> Myself:
    """Change name or language, go on duty or off."""
    accounts, by = doors.people.accounts, shown_people.by(who)
    if asked.name is not None or asked.lang is not None:
        accounts.change(who.caller.person, by, who.now, name=asked.name, lang=asked.lang)
    if asked.on_duty is not None:
        accounts.set_duty(who.caller.person, asked.on_duty, by, who.now)
    return shown_people.myself(accounts.read(who.caller.person), who.caller, who.now)


@router.route("POST", "/password", "change_password", Gate.UNRIPE, status=204, problems=(Code.TOO_MANY,))
def change_password(asked: ChangePassword, who: Who, doors: DoorsHere) -> Response:
    """Choose another password. All other sessions of the account end."""
    doors.people.accounts.change_password(who.caller, asked.current, asked.new, shown_people.by(who), who.now)
    return Response(status_code=204)


@router.route("GET", "/sessions", "my_sessions", Gate.SELF, response_model=SessionList)
def my_sessions(who: Who, doors: DoorsHere) -> SessionList:
    """Where this account is logged in."""
    rows = doors.people.sessions.list_of(who.caller.person, who.now)
    return SessionList(items=[shown_people.session(row, who.caller) for row in rows])


@router.route(
    "DELETE", "/sessions/{session}", "end_my_session", Gate.SELF, status=204, problems=(Code.NOT_FOUND,)
)
def end_my_session(session: UUID, who: Who, doors: DoorsHere) -> Response:
    """Log out somewhere else."""
    doors.people.sessions.end(who.caller.person, str(session), shown_people.by(who), who.now)
    return Response(status_code=204)


@router.route("GET", "/tokens", "my_tokens", Gate.SELF, response_model=TokenList)
def my_tokens(who: Who, doors: DoorsHere) -> TokenList:
    """The account's API tokens, without their secrets."""
    rows = doors.people.tokens.list_of(who.caller.person, who.now)
    return TokenList(items=[shown_people.token(row) for row in rows])


@router.route("POST", "/tokens", "make_token", Gate.SELF, status=201, response_model=TokenMade)
def make_token(asked: MakeToken, who: Who, doors: DoorsHere) -> TokenMade:
    """Make an API token. It is answered this once. A token cannot make further ones: it would never end."""
    if who.caller.via is not Via.SESSION:
        raise ProblemError(Code.FORBIDDEN, "log in to make a token: a token cannot make another")
    row, token = doors.people.tokens.make(
        who.caller.person,
        asked.name,
        shown_people.by(who),
        who.now,
        read_only=asked.read_only,
        days=asked.days,
    )
    return TokenMade(row=shown_people.token(row), token=token.get_secret_value())


@router.route("DELETE", "/tokens/{token}", "revoke_token", Gate.SELF, status=204, problems=(Code.NOT_FOUND,))
def revoke_token(token: str, who: Who, doors: DoorsHere) -> Response:
    """Make a token useless at once."""
    doors.people.tokens.revoke(who.caller.person, token, shown_people.by(who), who.now)
    return Response(status_code=204)
