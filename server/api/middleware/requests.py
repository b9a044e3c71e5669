"""A request id for every request, and a line in the log without query strings: who asked for what stands in the audit."""

import re
import time
import uuid

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from redwhistle.logs import get_logger
from server.api.middleware.wire import header, refuse
from server.api.problems import Code
from server.metrics import count_request

log = get_logger(part="api")
ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
MAX_PATH = 200


class Requests:
    """Gives an id (a proxy's, where it is a plain one), logs the end, and answers `internal` when nothing else did."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = header(scope, b"x-request-id") or ""
        request_id = given if ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        began_s = time.monotonic()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {
                    **message,
                    "headers": [*message["headers"], (b"x-request-id", request_id.encode())],
                }
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            if status == 0:
                log.error("request_failed", request=request_id, exc_info=error)
                await refuse(
                    scope,
                    receive,
                    send_with_id,
                    Code.INTERNAL,
                    "a fault of the server: its log tells more under the request's id",
                )
        finally:
            self._tell(scope, request_id, status, began_s)

    def _tell(self, scope: Scope, request_id: str, status: int, began_s: float) -> None:
        took_s = time.monotonic() - began_s
        operation = getattr(scope.get("route"), "operation_id", None)
        if operation is not None and operation != "stream":
            count_request(operation, status, took_s)
        path = scope["path"]
        write = log.debug if path in QUIET or not path.startswith("/api/") else log.info
        write(
            "request",
            method=scope["method"],
            path=path[:MAX_PATH],
            status=status,
            ms=round(took_s * 1000, 1),
            request=request_id,
            address=(scope.get("client") or ("",))[0],
        )
