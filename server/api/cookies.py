"""The session's cookies: one that only the server reads, and one that the console reads for the CSRF token."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from server.api.ports import DoorSettings

CSRF = "rw_csrf"


def session_cookie(settings: DoorSettings) -> str:
    """Its name; under TLS the prefix keeps other hosts and plain connections from setting it."""
    return "__Host-rw_session" if settings.secure else "rw_session"


def session_token(request: Request, settings: DoorSettings) -> str | None:
    """The session token that came along."""
    return request.cookies.get(session_cookie(settings))


def give(response: Response, settings: DoorSettings, token: str, csrf: str, until: datetime) -> None:
    """Set both cookies until the session's absolute end."""
    for name, value, hidden in ((session_cookie(settings), token, True), (CSRF, csrf, False)):
        response.set_cookie(
            name, value, expires=until, path="/", secure=settings.secure, httponly=hidden, samesite="strict"
        )


def take(response: Response, settings: DoorSettings) -> None:
    """Delete both cookies."""
    for name, hidden in ((session_cookie(settings), True), (CSRF, False)):
        response.delete_cookie(name, path="/", secure=settings.secure, httponly=hidden, samesite="strict")
