"""Requests to the provider: bounded in time and size, never redirected, over TLS unless it is on this machine."""

import ipaddress
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from redwhistle.errors import OidcFailed
from redwhistle.logs import get_logger
from server.people.codes import OidcFault

log = get_logger(part="people")

MAX_BYTES = 1 << 20
TIMEOUT = httpx.Timeout(5.0)
TOTAL_S = 15.0
"""A provider that sends byte by byte is cut off, too."""
AT_ONCE = 8
"""So many requests at one time: a provider that hangs must not take all threads of a server away from its alarms."""


class Fetcher:
    """Gives JSON objects, and raises OidcFailed (`provider`) for everything that goes wrong on the way."""

    def __init__(self, client: httpx.Client | None = None) -> None:
        self._client = client or httpx.Client(timeout=TIMEOUT, follow_redirects=False)
        self._turn = threading.BoundedSemaphore(AT_ONCE)

    def get_object(self, url: str) -> dict[str, Any]:
        """The JSON object at `url`."""
        response = self._send(self._client.build_request("GET", url, headers={"Accept": "application/json"}))
        try:
            answer = response.json() if response.status_code == 200 else None
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise unusable(f"{url} answered {response.status_code} and no JSON object")
        return answer

    def post(
        self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str], auth: httpx.Auth | None
    ) -> httpx.Response:
        """Send a form; the shape in which authlib's client calls its session."""
        request = self._client.build_request("POST", url, data=dict(data), headers=dict(headers))
        return self._send(request, auth)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _send(self, request: httpx.Request, auth: httpx.Auth | None = None) -> httpx.Response:
        check_url(str(request.url))
        if not self._turn.acquire(blocking=False):
            raise unusable("too many requests to it at once")
        give_up_s = time.monotonic() + TOTAL_S
        try:
            response = self._client.send(request, auth=auth, stream=True, follow_redirects=False)
            try:
                body = _read(response, give_up_s)
            finally:
                response.close()
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise unusable(f"{type(error).__name__} at {request.url.host}") from error
        finally:
            self._turn.release()
        if response.is_redirect:
            raise unusable(f"{request.url.host} sends us elsewhere")
        kind = response.headers.get("content-type", "")
        return httpx.Response(
            response.status_code, headers={"content-type": kind}, content=body, request=request
        )


def check_url(url: str) -> str:
    """The address; raise OidcFailed unless it is https, or http on this very machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise unusable("an address that cannot be read") from error
    if host and (parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))):
        return url
    raise unusable(f"{parts.scheme}://{host} is not https")


def unusable(why: str) -> OidcFailed:
    """The error for a provider that does not do as it should; `why` goes into the log alone."""
    log.warning("oidc_provider_unusable", why=why[:300])
    return OidcFailed(
        OidcFault.PROVIDER,
        "the identity provider cannot be used now: try again later, or log in with a password",
    )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(response: httpx.Response, give_up_s: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BYTES or time.monotonic() > give_up_s:
            raise httpx.StreamError("the answer is too large, or takes too long")
    return bytes(body)
