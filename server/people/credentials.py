"""The secrets that speak for a person: session tokens, API tokens, CSRF tokens. Only digests of them are ever stored."""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from typing import NamedTuple

from pydantic import SecretStr

_SESSION = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_BEARER = re.compile(r"rw_([0-9a-f]{16})_([A-Za-z0-9_-]{43})", re.ASCII)
_CSRF = b"redwhistle csrf 1"


class BearerToken(NamedTuple):
    """An API token that has the right shape: its public id, and the digest of the whole."""

    id: str
    sha256: bytes


def new_session_token() -> SecretStr:
    """256 random bits, as 43 characters of a cookie."""
    return SecretStr(secrets.token_urlsafe(32))


def session_digest(token: str) -> bytes | None:
    """SHA-256 of a session token; None for a text that cannot be one."""
    return _digest(token) if _SESSION.fullmatch(token) else None


def new_bearer_token() -> tuple[str, SecretStr]:
    """The public id and the whole token: `rw_<id>_<secret>`, the secret of 256 random bits."""
    public = secrets.token_hex(8)
    return public, SecretStr(f"rw_{public}_{secrets.token_urlsafe(32)}")


def read_bearer(text: str) -> BearerToken | None:
    """What stands behind `Bearer `; None for a text that cannot be a token."""
    match = _BEARER.fullmatch(text)
    return BearerToken(match[1], _digest(text)) if match else None


def csrf_of(session_token: str) -> str:
    """The CSRF token of a session: derived from its secret, so nothing more is stored, and it reveals nothing."""
    made = hmac.digest(session_token.encode("utf-8", "surrogatepass"), _CSRF, "sha256")
    return urlsafe_b64encode(made).rstrip(b"=").decode("ascii")


def csrf_matches(session_token: str, given: str | None) -> bool:
    """Whether this is the session's CSRF token; compared in constant time."""
    expected = csrf_of(session_token).encode("ascii")
    return given is not None and hmac.compare_digest(expected, given.encode("utf-8", "surrogatepass"))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("ascii")).digest()
