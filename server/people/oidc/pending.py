"""What a log-in under way remembers, sealed into a cookie: only the browser that began it can end it, and only for a while."""

import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from redwhistle.clock import to_ms

LASTS_S = 600
MAX_COOKIE = 2048


@dataclass(frozen=True, slots=True)
class Pending:
    """State and nonce bind the provider's answer and its token to this log-in; the verifier proves that we began it."""

    state: str
    nonce: str
    verifier: str


def new_pending() -> Pending:
    """A log-in that begins now."""
    return Pending(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))


class Seal:
    """Encrypts and signs with a key made from the client's secret, so that every process can open what one has sealed."""

    def __init__(self, secret: SecretStr) -> None:
        made = HKDF(SHA256(), 32, salt=None, info=b"redwhistle oidc cookie 1")
        key = made.derive(secret.get_secret_value().encode("utf-8"))
        self._fernet = Fernet(urlsafe_b64encode(key))

    def close(self, pending: Pending, now: datetime) -> str:
        """The cookie's value."""
        text = json.dumps(asdict(pending)).encode("ascii")
        return self._fernet.encrypt_at_time(text, to_ms(now) // 1000).decode("ascii")

    def open(self, cookie: str | None, now: datetime) -> Pending | None:
        """What was sealed; None for anything else, and for what is older than ten minutes."""
        if cookie is None or len(cookie) > MAX_COOKIE or not cookie.isascii():
            return None
        try:
            text = self._fernet.decrypt_at_time(cookie, LASTS_S, to_ms(now) // 1000)
        except (InvalidToken, ValueError, TypeError):
            return None
        return Pending(**json.loads(text))
