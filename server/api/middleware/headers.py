"""Secure headers on every answer: no script, style or request from elsewhere, no frame, no guessing of types."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HSTS = "max-age=31536000"
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), gyroscope=(), microphone=(), payment=(), usb=()",
}


def content_security_policy(map_tiles_url: str | None) -> str:
    """The policy; a tile server's origin is the one thing that may be asked beside this server."""
    parts = urlsplit(map_tiles_url) if map_tiles_url else None
    tiles = f" {parts.scheme}://{parts.netloc}" if parts else ""
    return "; ".join(
        [
            "default-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            f"connect-src 'self'{tiles}",
            "worker-src 'self'",
            "manifest-src 'self'",
            "img-src 'self' data: blob:",
        ]
    )


class SecureHeaders:
    """Adds the headers; answers of the API are never kept by caches unless they say so themselves."""

    def __init__(self, app: ASGIApp, *, map_tiles_url: str | None, secure: bool) -> None:
        self._app = app
        told = {**FIXED, "Content-Security-Policy": content_security_policy(map_tiles_url)}
        if secure:
            told["Strict-Transport-Security"] = HSTS
        self._headers = _raw(told.items())
        self._names = {name for name, _ in self._headers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [pair for pair in message["headers"] if pair[0] not in self._names]
                if not any(name == b"cache-control" for name, _ in given):
                    given.append((b"cache-control", b"no-store"))
                message = {**message, "headers": [*given, *self._headers]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _raw(pairs: object) -> Sequence[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in pairs]  # type: ignore[attr-defined]
