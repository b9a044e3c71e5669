"""Names that this server answers to, and pages from which something may be changed.

A name that is not ours means that somebody made a browser believe that this server is theirs (DNS rebinding). A change
that a page of another origin sends is refused whatever cookie comes along; a program without a browser sends no origin.
"""

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from server.api.middleware.wire import header, refuse
from server.api.problems import Code

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN = frozenset({"/healthz", "/readyz", "/metrics"})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class KnownHosts:
    """`names` None: any name. Changes are accepted from pages of the host asked, or of `origins`."""

    def __init__(self, app: ASGIApp, names: Collection[str] | None, origins: Collection[str]) -> None:
        self._app = app
        self._names = None if names is None else frozenset(name.lower() for name in names)
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"] not in OPEN:
            host = (header(scope, b"host") or "").lower()
            if self._names is not None and bare(host) not in self._names:
                await refuse(
                    scope,
                    receive,
                    send,
                    Code.INVALID,
                    "this server does not answer to that name: set REDWHISTLE_PUBLIC_URL to the one that it has",
                )
                return
            if scope["method"] not in SAFE and not self._same_origin(scope, host):
                await refuse(
                    scope, receive, send, Code.CSRF, "changes are accepted from this server's own pages"
                )
                return
        await self._app(scope, receive, send)

    def _same_origin(self, scope: Scope, host: str) -> bool:
        site = header(scope, b"sec-fetch-site")
        if site is not None and site not in ("same-origin", "none"):
            return False
        origin = header(scope, b"origin")
        if origin is None:
            return True
        origin = origin.lower()
        return origin in self._origins or origin in (f"http://{host}", f"https://{host}")


def bare(host: str) -> str:
    """A host without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host
