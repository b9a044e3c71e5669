"""The two steps of a log-in through a provider: send the browser there, and check what it brings back."""

import hmac
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import httpx
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from joserfc.jwk import KeySet
from pydantic import SecretStr

from redwhistle.errors import OidcFailed
from redwhistle.logs import get_logger
from server.people.codes import OidcFault
from server.people.oidc.fetching import Fetcher, unusable
from server.people.oidc.id_token import UnknownKey, check_id_token, read_keys
from server.people.oidc.metadata import Metadata, address_of_metadata, read_metadata
from server.people.oidc.pending import Pending, Seal, new_pending
from server.people.records import Identity

log = get_logger(part="people")

SCOPE = "openid profile"
KEEP = timedelta(hours=1)
"""How long the provider's description and keys are believed."""
ASK_AGAIN = timedelta(seconds=60)
"""How soon an unknown key makes us fetch the keys again: a forged token must not make us a burden to the provider."""
MAX_CODE = 4096


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """Who the provider is and who we are to it. `redirect_url` is registered there, character by character."""

    issuer: str
    client_id: str
    client_secret: SecretStr
    redirect_url: str
    name: str
    """What the button says."""
    login_claim: str = "preferred_username"
    """The claim with the login, looked at in the first log-in of somebody alone. The provider must let nobody choose it."""


class OidcProvider:
    """A provider as this server uses it. Safe to use from many threads; nothing is fetched before the first log-in."""

    def __init__(self, settings: OidcSettings, fetcher: Fetcher | None = None) -> None:
        self._settings = settings
        self._fetcher = fetcher or Fetcher()
        self._seal = Seal(settings.client_secret)
        self._lock = threading.Lock()
        self._metadata: tuple[Metadata, datetime] | None = None
        self._keys: tuple[KeySet, datetime] | None = None

    @property
    def name(self) -> str:
        """What the button says."""
        return self._settings.name

    def start(self, now: datetime) -> tuple[str, str]:
        """The address to send the browser to, and a cookie's value to keep for ten minutes. Raise OidcFailed."""
        metadata = self._read_metadata(now)
        pending = new_pending()
        address, _ = self._client().create_authorization_url(
            metadata.authorization_endpoint,
            state=pending.state,
            code_verifier=pending.verifier,
            nonce=pending.nonce,
        )
        return str(address), self._seal.close(pending, now)

    def finish(self, given: Mapping[str, str], cookie: str | None, now: datetime) -> Identity:
        """Who it is, by the query that the browser came back with and the cookie it has kept. Raise OidcFailed."""
        pending = self._seal.open(cookie, now)
        if pending is None or not _equal(given.get("state"), pending.state):
            raise _stale("state")
        metadata = self._read_metadata(now)
        issuer = self._settings.issuer
        if given.get("iss", issuer) != issuer or (metadata.names_itself and "iss" not in given):
            raise _stale("issuer")
        code = given.get("code", "")
        if "error" in given or not 0 < len(code) <= MAX_CODE:
            log.warning("oidc_refused", error=repr(given.get("error", "no code"))[:100])
            raise OidcFailed(
                OidcFault.REFUSED, "the identity provider refused the log-in: begin again, or ask who runs it"
            )
        token = self._fetch_token(metadata, code, pending)
        claims = self._check(token.get("id_token"), metadata, pending, now)
        login = claims.get(self._settings.login_claim)
        return Identity(issuer, claims["sub"], login if isinstance(login, str) else None)

    def close(self) -> None:
        """Close the connections to the provider."""
        self._fetcher.close()

    def _fetch_token(self, metadata: Metadata, code: str, pending: Pending) -> Mapping[str, Any]:
        client_id = self._settings.client_id
        secret = self._settings.client_secret.get_secret_value()
        in_body = {"client_id": client_id, "client_secret": secret} if metadata.secret_in_body else {}
        # RFC 6749, 2.3.1: in the header, both are encoded like a form.
        in_header = None if in_body else httpx.BasicAuth(quote_plus(client_id), quote_plus(secret))
        try:
            token = self._client().fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=pending.verifier,
                auth=in_header or _NO_AUTH,
                **in_body,
            )
        except OAuth2Error as error:
            if error.error == "invalid_grant":
                raise _stale("code") from None
            raise unusable(f"the token endpoint answered {str(error.error)[:60]!r}") from None
        except (httpx.HTTPError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise unusable(f"the token endpoint: {type(error).__name__}") from None
        return dict(token)

    def _check(
        self, id_token: object, metadata: Metadata, pending: Pending, now: datetime
    ) -> Mapping[str, Any]:
        settings = self._settings

        def check(keys: KeySet) -> Mapping[str, Any]:
            return check_id_token(
                id_token,
                keys,
                issuer=settings.issuer,
                client_id=settings.client_id,
                nonce=pending.nonce,
                now=now,
            )

        try:
            return check(self._read_keys(metadata, now, KEEP))
        except UnknownKey:
            pass
        try:
            return check(self._read_keys(metadata, now, ASK_AGAIN))
        except UnknownKey:
            log.warning("oidc_token_refused", why="signed by an unknown key")
            raise OidcFailed(
                OidcFault.TOKEN,
                "what the identity provider vouches with does not hold: begin the log-in again",
            ) from None

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            self._fetcher,
            client_id=self._settings.client_id,
            scope=SCOPE,
            redirect_uri=self._settings.redirect_url,
            code_challenge_method="S256",
        )

    def _read_metadata(self, now: datetime) -> Metadata:
        with self._lock:
            kept = self._metadata
        if kept is not None and _fresh(kept[1], now, KEEP):
            return kept[0]
        issuer = self._settings.issuer
        read = read_metadata(self._fetcher.get_object(address_of_metadata(issuer)), issuer)
        with self._lock:
            self._metadata = (read, now)
        return read

    def _read_keys(self, metadata: Metadata, now: datetime, keep: timedelta) -> KeySet:
        with self._lock:
            kept = self._keys
        if kept is not None and _fresh(kept[1], now, keep):
            return kept[0]
        read = read_keys(self._fetcher.get_object(metadata.jwks_uri))
        with self._lock:
            self._keys = (read, now)
        return read


_NO_AUTH = httpx.Auth()
"""Adds nothing to a request: the secret is in the form."""


def _fresh(read_at: datetime, now: datetime, keep: timedelta) -> bool:
    return timedelta(0) <= now - read_at < keep


def _equal(given: str | None, expected: str) -> bool:
    return given is not None and hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), expected.encode("utf-8")
    )


def _stale(what: str) -> OidcFailed:
    log.warning("oidc_stale", what=what)
    return OidcFailed(
        OidcFault.STALE, "this log-in has expired, or was begun in another browser: begin it again"
    )
