"""Everything that answers at the port: the routes, the console's files, and the layers around both."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import anyio.to_thread
from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.api.app import create_app, describe
from server.api.console import Console
from server.api.middleware.bodies import Bodies
from server.api.middleware.headers import SecureHeaders
from server.api.middleware.hosts import LOOPBACK, KnownHosts
from server.api.middleware.proxies import TrustedProxies
from server.api.middleware.rates import AddressLimit
from server.api.middleware.requests import Requests
from server.api.ports import Doors, DoorSettings

OWN = ("/api/", "/problems/")
OWN_EXACT = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json"})
MORE_THREADS = 4
"""Beside those that wait for a connection: some hash passwords, some answer from memory."""


def build(doors: Doors) -> ASGIApp:
    """The application over these doors. Its lifespan sizes the threads to the connections and starts the stream."""
    settings = doors.settings
    api = create_app(doors, lifespan=_lifespan)
    document = json.dumps(describe(api), ensure_ascii=False).encode()
    app: ASGIApp = _Paths(api, Console(settings.console_dir), document)
    app = GZipMiddleware(app, minimum_size=1000, compresslevel=5)
    app = Bodies(app, settings.request_max_bytes)
    app = AddressLimit(app, doors.rates)
    app = KnownHosts(app, known_names(settings), [settings.public_url] if settings.public_url else [])
    tiles = settings.map_tiles.url if settings.map_tiles else None
    app = SecureHeaders(app, map_tiles_url=tiles, secure=settings.secure)
    app = Requests(app)
    return TrustedProxies(app, settings.proxies)


def known_names(settings: DoorSettings) -> frozenset[str] | None:
    """The names that the server answers to: its public one and this machine's; None (any) where neither is known."""
    if settings.public_url is not None:
        return LOOPBACK | {(urlsplit(settings.public_url).hostname or "").lower()}
    return LOOPBACK if settings.host in LOOPBACK else None


class _Paths:
    """The API's paths to the API, all else to the console."""

    def __init__(self, api: ASGIApp, console: ASGIApp, document: bytes) -> None:
        self._api = api
        self._console = console
        self._document = Response(document, media_type="application/json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._api(scope, receive, send)
            return
        path = scope["path"]
        if path == "/openapi.json" and scope["method"] in ("GET", "HEAD"):
            await self._document(scope, receive, send)
        elif path in OWN_EXACT or path.startswith(OWN):
            await self._api(scope, receive, send)
        else:
            await self._console(scope, receive, send)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    doors: Doors = app.state.doors
    limiter = anyio.to_thread.current_default_thread_limiter()
    limiter.total_tokens = doors.settings.connections + MORE_THREADS
    if doors.stream is not None:
        doors.stream.start()
    try:
        yield
    finally:
        if doors.stream is not None:
            await anyio.to_thread.run_sync(doors.stream.stop)
