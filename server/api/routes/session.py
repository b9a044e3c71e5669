"""Logging in and out, and what the console needs to begin."""

from dataclasses import asdict
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi import Request, Response
from starlette.responses import RedirectResponse

from redwhistle.errors import OidcFailed
from server.api import cookies, shown_people
from server.api.gate import DoorsHere, Gate, Router, Who, address_of
from server.api.ports import Doors
from server.api.problems import Code, ProblemError
from server.api.schemas.session import (
    ConsoleSettings,
    DemoLogin,
    LogIn,
    MapTiles,
    OidcOption,
    Session,
    SessionOptions,
)
from server.people.codes import OidcFault
from server.people.log_in import Opened
from server.rights.caller import Caller, Via
from server.rights.gate import scope_of
from server.rights.roles import Right

router = Router("session", "/session")
OIDC_COOKIE = "rw_oidc"
OIDC_PATH = "/api/v1/session/oidc"
OIDC_S = 600
LOG_INS_AT_ONCE = 4
_LOG_INS: RunVar[CapacityLimiter] = RunVar("log_ins")


@router.route(
    "POST", "", "log_in", Gate.NOBODY, problems=(Code.UNAUTHENTICATED, Code.TOO_MANY), response_model=Session
)
async def log_in(asked: LogIn, request: Request, response: Response, doors: DoorsHere) -> Session:
    """Log in with a password. The answer to an unknown log-in and to a wrong password is the same."""

    def enter() -> Session:
        now = doors.clock.now()
        opened = doors.people.log_in.by_password(
            asked.login, asked.password, address_of(request), _agent(request), now
        )
        _give(response, doors, opened)
        return _session(doors, opened.caller, opened.csrf, now)

    # Passwords take long to check: a crowd that logs in at the change of shifts takes no thread from those who claim.
    return await to_thread.run_sync(enter, limiter=_log_ins())


@router.route("GET", "", "get_session", Gate.UNRIPE, response_model=Session)
def get_session(request: Request, who: Who, doors: DoorsHere) -> Session:
    """Who is logged in, with rights, places and the CSRF token."""
    token = cookies.session_token(request, doors.settings)
    by_session = who.caller.via is Via.SESSION and token is not None
    csrf = doors.people.sessions.csrf_of(token) if by_session and token else ""
    return _session(doors, who.caller, csrf, who.now)


@router.route("DELETE", "", "log_out", Gate.UNRIPE, status=204)
def log_out(who: Who, doors: DoorsHere) -> Response:
    """End this session."""
    doors.people.log_in.log_out(who.caller, who.now, who.address)
    response = Response(status_code=204)
    cookies.take(response, doors.settings)
    return response


@router.route("GET", "/options", "session_options", Gate.NOBODY, response_model=SessionOptions)
def session_options(doors: DoorsHere) -> SessionOptions:
    """The ways to log in here."""
    accounts = doors.settings.demo_accounts
    return SessionOptions(
        oidc=None if doors.oidc is None else OidcOption(name=doors.oidc.name),
        demo_logins=[
            DemoLogin.model_validate(
                {"login": one.login, "name": one.name, "role": one.role, "password": one.password}
            )
            for one in accounts
        ],
        languages=["zh", "en"],
    )


@router.route(
    "GET",
    "/oidc/start",
    "oidc_start",
    Gate.NOBODY,
    status=302,
    problems=(Code.NOT_FOUND,),
    response_class=Response,
)
def oidc_start(doors: DoorsHere) -> Response:
    """Go to the OpenID Connect provider to log in."""
    if doors.oidc is None:
        raise ProblemError(Code.NOT_FOUND, "no OpenID Connect provider is set here")
    try:
        address, kept = doors.oidc.start(doors.clock.now())
    except OidcFailed as error:
        return RedirectResponse(f"/login?{urlencode({'oidc': error.code})}", status_code=302)
    response = RedirectResponse(address, status_code=302)
    response.set_cookie(
        OIDC_COOKIE,
        kept,
        max_age=OIDC_S,
        path=OIDC_PATH,
        secure=doors.settings.secure,
        httponly=True,
        samesite="lax",  # the provider sends the browser back from its own site
    )
    return response


@router.route(
    "GET",
    "/oidc/callback",
    "oidc_callback",
    Gate.NOBODY,
    status=302,
    problems=(Code.NOT_FOUND,),
    response_class=Response,
)
def oidc_callback(request: Request, doors: DoorsHere) -> Response:
    """Come back from the provider, logged in; else back to the log-in page with the reason (`?oidc=code`)."""
    if doors.oidc is None:
        raise ProblemError(Code.NOT_FOUND, "no OpenID Connect provider is set here")
    now = doors.clock.now()
    try:
        given = dict(parse_qsl(request.url.query, keep_blank_values=True, max_num_fields=50))
        identity = doors.oidc.finish(given, request.cookies.get(OIDC_COOKIE), now)
        opened = doors.people.log_in.by_oidc(identity, address_of(request), _agent(request), now)
    except (OidcFailed, ValueError) as error:  # ValueError: more parameters than anybody sends
        code = error.code if isinstance(error, OidcFailed) else OidcFault.REFUSED
        response = RedirectResponse(f"/login?{urlencode({'oidc': code})}", status_code=302)
    else:
        response = RedirectResponse("/", status_code=302)
        _give(response, doors, opened)
    response.delete_cookie(OIDC_COOKIE, path=OIDC_PATH, secure=doors.settings.secure, httponly=True)
    return response


def _give(response: Response, doors: Doors, opened: Opened) -> None:
    token = opened.token.get_secret_value()
    cookies.give(response, doors.settings, token, opened.csrf, opened.caller.until)


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")[:300]


def _session(doors: Doors, caller: Caller, csrf: str, now: datetime) -> Session:
    settings = doors.settings
    tiles = settings.map_tiles
    person = doors.people.accounts.read(caller.person)
    return Session(
        person=shown_people.myself(person, caller, now),
        csrf=csrf,
        expires_at=caller.until,
        server_time=now,
        scope_places=shown_people.scope_places(doors.places, scope_of(caller, Right.SEE_ALERTS, now)),
        settings=ConsoleSettings(
            lease_s=settings.terms.lease_s,
            undo_s=settings.terms.undo_s,
            map_tiles=None if tiles is None else MapTiles(**asdict(tiles)),
            emergency_numbers=list(settings.emergency_numbers),
            demo=bool(settings.demo_accounts),
        ),
    )


def _log_ins() -> CapacityLimiter:
    """Of this event loop."""
    limiter = _LOG_INS.get(None)
    if limiter is None:
        limiter = CapacityLimiter(LOG_INS_AT_ONCE)
        _LOG_INS.set(limiter)
    return limiter
