"""The client behind trusted proxies: X-Forwarded-For and X-Forwarded-Proto count only when a trusted peer sent them."""

import ipaddress
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from server.api.middleware.wire import header
from server.api.ports import Network

MAX_HOPS = 20


class TrustedProxies:
    """Puts the first address that is no trusted proxy into `scope["client"]`, going back from the nearest one."""

    def __init__(self, app: ASGIApp, networks: Sequence[Network]) -> None:
        self._app = app
        self._networks = tuple(networks)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope.get("client") and self._trusts(scope["client"][0]):
            scope = self._seen_by_proxy(scope)
        await self._app(scope, receive, send)

    def _seen_by_proxy(self, scope: Scope) -> Scope:
        peer, port = scope["client"]
        told = ",".join(
            value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"
        )
        client = peer
        for hop in reversed([one.strip() for one in told.split(",") if one.strip()][-MAX_HOPS:]):
            address = _address(hop)
            if address is None:
                break
            client = address
            if not self._trusts(address):
                break
        proto = (header(scope, b"x-forwarded-proto") or "").rpartition(",")[2].strip().lower()
        scheme = proto if proto in ("http", "https") else scope["scheme"]
        return {**scope, "client": (client, port if client == peer else 0), "scheme": scheme}

    def _trusts(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        return any(address.version == network.version and address in network for network in self._networks)


def _address(text: str) -> str | None:
    """The address in one part of the header, without a port; None for what is none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
