"""The one list of what can go wrong at the doors: stable codes, their status, and the error that carries one."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """Why a request was refused. The words for people stand in `server/words.py`."""

    UNAUTHENTICATED = "unauthenticated"
    """No valid session or token, or a wrong log-in."""
    CSRF = "csrf"
    """A change by session without the session's CSRF token, or from another origin."""
    FORBIDDEN = "forbidden"
    """The person may see this, but not do it."""
    MUST_CHANGE_PASSWORD = "must_change_password"  # noqa: S105
    """The password was set by somebody else: choose an own one first."""
    NOT_FOUND = "not_found"
    """Nothing is called so, or nothing that this person may see."""
    METHOD_NOT_ALLOWED = "method_not_allowed"
    """The path is right, the method is not."""
    ALREADY_CLAIMED = "already_claimed"
    """Somebody else was first."""
    WRONG_STATE = "wrong_state"
    """The item is not in a state in which this can be done."""
    NOT_YOURS = "not_yours"
    """Somebody else holds the item."""
    CHANGED = "changed"
    """The item has another version than the one expected."""
    CONFLICT = "conflict"
    """What was asked for collides with what is stored (a log-in that is taken)."""
    INVALID = "invalid"
    """The request does not have the right shape."""
    TOO_LARGE = "too_large"
    """The request is larger than allowed."""
    TOO_SLOW = "too_slow"
    """The request's body did not arrive in time."""
    TOO_MANY = "too_many"
    """Too many attempts to log in."""
    RATE_LIMITED = "rate_limited"
    """Too many requests."""
    UNAVAILABLE = "unavailable"
    """The database cannot serve now: the same request may work later."""
    INTERNAL = "internal"
    """A fault of the server; its log names the request id."""


STATUS: Mapping[Code, int] = {
    Code.UNAUTHENTICATED: 401,
    Code.CSRF: 403,
    Code.FORBIDDEN: 403,
    Code.MUST_CHANGE_PASSWORD: 403,
    Code.NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.ALREADY_CLAIMED: 409,
    Code.WRONG_STATE: 409,
    Code.NOT_YOURS: 409,
    Code.CHANGED: 409,
    Code.CONFLICT: 409,
    Code.INVALID: 422,
    Code.TOO_LARGE: 413,
    Code.TOO_SLOW: 408,
    Code.TOO_MANY: 429,
    Code.RATE_LIMITED: 429,
    Code.UNAVAILABLE: 503,
    Code.INTERNAL: 500,
}


class ProblemError(Exception):
    """A refusal with its code; `params` are the members that belong to the code."""

    def __init__(self, code: Code, detail: str = "", **params: Any) -> None:
        super().__init__(detail or code.value)
        self.code = code
        self.detail = detail
        self.params = params
