"""The gate of every route: who comes in, over what. A route that names no gate stops the start; nothing is open by default.

`Gate.NOBODY` lets everybody in, `Gate.SELF` whoever is logged in, a `Right` whoever has it somewhere; the `Scope` that
goes to the queries says over what. A change by session cookie must carry the session's CSRF token.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute

from server.api.cookies import session_token
from server.api.ports import Doors
from server.api.problems import STATUS, Code, ProblemError
from server.api.schemas.problem import Problem
from server.rights.caller import Caller, Via
from server.rights.gate import scope_of
from server.rights.roles import Right
from server.rights.scope import Scope

PREFIX = "/api/v1"
PROBLEM_JSON = "application/problem+json"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SECURITY: list[dict[str, list[str]]] = [{"session": []}, {"token": []}]


class Gate(StrEnum):
    """Gates that are no right."""

    NOBODY = "nobody"
    """Open to everybody."""
    SELF = "self"
    """Anybody who is logged in, about the own account."""
    UNRIPE = "unripe"
    """As SELF, also before the first password is changed."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """Who came in, over what the route's right holds, from where and when."""

    caller: Caller
    scope: Scope
    address: str
    now: datetime

    def over(self, right: Right) -> Scope:
        """Over what the caller has another right."""
        return scope_of(self.caller, right, self.now)


def doors_of(request: Request) -> Doors:
    """What stands behind the doors."""
    doors: Doors = request.app.state.doors
    return doors


def address_of(request: Request) -> str:
    """The client's address, as the trusted proxies say."""
    return request.client.host if request.client else ""


def enter(request: Request) -> Entrant:
    """Let in whom the route's gate admits; raise ProblemError for anybody else."""
    gate = request.scope["route"].openapi_extra["x-gate"]  # every route of ours has one: see `check_gates`
    doors = doors_of(request)
    now = doors.clock.now()
    caller = _caller(request, doors, now)
    wait_s = doors.rates.hit_account(caller.person)
    if wait_s is not None:
        raise ProblemError(
            Code.RATE_LIMITED, f"too many requests of this account: wait {wait_s} s", retry_after_s=wait_s
        )
    if caller.must_change_password and gate != Gate.UNRIPE:
        raise ProblemError(
            Code.MUST_CHANGE_PASSWORD, "choose a password of your own first: POST /api/v1/me/password"
        )
    if request.method not in SAFE and caller.read_only:
        raise ProblemError(Code.FORBIDDEN, "this token is for reading only: make one that may change things")
    if gate in set(Gate):
        return Entrant(caller, Scope.NOTHING, address_of(request), now)
    scope = scope_of(caller, Right(gate), now)
    if scope.empty:
        raise ProblemError(Code.FORBIDDEN, f"this needs the right {gate}: ask whoever manages accounts")
    return Entrant(caller, scope, address_of(request), now)


Who = Annotated[Entrant, Depends(enter)]
DoorsHere = Annotated[Doors, Depends(doors_of)]


class Router:
    """Collects routes, each of which must name its gate and its operation id."""

    def __init__(self, tag: str, prefix: str = "") -> None:
        self._tag = tag
        self._prefix = prefix
        self._routes: list[tuple[str, dict[str, Any], Callable[..., Any]]] = []

    def route(
        self,
        method: str,
        path: str,
        operation: str,
        gate: Gate | Right,
        *,
        status: int = 200,
        problems: tuple[Code, ...] = (),
        responses: Mapping[int | str, dict[str, Any]] | None = None,
        **more: Any,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register the decorated function. `problems` are the codes beyond those that every route may answer."""
        open_to_all = gate is Gate.NOBODY
        extra: dict[str, Any] = {"x-gate": gate.value}
        if not open_to_all:
            extra["security"] = SECURITY
        options = {
            "methods": [method],
            "operation_id": operation,
            "status_code": status,
            "responses": {**_refusals(open_to_all, method, problems), **(responses or {})},
            "dependencies": [] if open_to_all else [Depends(enter)],
            "openapi_extra": extra,
            "tags": [self._tag],
            **more,
        }

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self._routes.append((self._prefix + path, options, function))
            return function

        return register

    def install(self, app: FastAPI, prefix: str = "") -> None:
        """Put the routes into the application."""
        for path, options, function in self._routes:
            app.api_route(prefix + path, **options)(function)


def check_gates(app: FastAPI) -> None:
    """Raise RuntimeError unless each route says who may come in, and asks."""
    for route in app.routes:
        if not isinstance(route, APIRoute):
            raise RuntimeError(f"{route!r} has no gate: register routes with server.api.gate.Router")  # noqa: TRY004
        gate = (route.openapi_extra or {}).get("x-gate")
        if gate is None:
            raise RuntimeError(f"{route.path} names no gate: register it with server.api.gate.Router")
        asks = any(dependency.call is enter for dependency in route.dependant.dependencies)
        if asks == (gate == Gate.NOBODY):
            raise RuntimeError(f"{route.path} says {gate}, but does not act so")


def _caller(request: Request, doors: Doors, now: datetime) -> Caller:
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, text = header.partition(" ")
        caller = doors.people.tokens.authenticate(text.strip(), now) if scheme.lower() == "bearer" else None
        if caller is None:
            raise ProblemError(Code.UNAUTHENTICATED, "this token is not known, or no longer: make a new one")
        return caller
    token = session_token(request, doors.settings)
    caller = doors.people.sessions.authenticate(token, now) if token else None
    if caller is None or token is None:
        raise ProblemError(Code.UNAUTHENTICATED, "log in first: POST /api/v1/session")
    if (
        caller.via is Via.SESSION
        and request.method not in SAFE
        and not doors.people.sessions.csrf_matches(token, request.headers.get("x-csrf-token"))
    ):
        raise ProblemError(
            Code.CSRF, "send the session's CSRF token in X-CSRF-Token: GET /api/v1/session has it"
        )
    return caller


_EVERYBODY = (Code.INVALID, Code.RATE_LIMITED, Code.UNAVAILABLE, Code.INTERNAL)
_INSIDE = (Code.UNAUTHENTICATED, Code.FORBIDDEN)


def _refusals(open_to_all: bool, method: str, further: tuple[Code, ...]) -> dict[int | str, dict[str, Any]]:
    by_status: dict[int, list[Code]] = {}
    inside = () if open_to_all else (*_INSIDE, Code.MUST_CHANGE_PASSWORD)
    changing = (Code.CSRF, Code.TOO_LARGE, Code.TOO_SLOW) if method not in SAFE else ()
    for code in dict.fromkeys((*_EVERYBODY, *inside, *changing, *further)):
        by_status.setdefault(STATUS[code], []).append(code)
    return {
        status: {
            "description": ", ".join(codes),
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, codes in sorted(by_status.items())
    }


PROBLEM_MODEL = Problem
