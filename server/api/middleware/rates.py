"""How often one address may ask the API."""

from starlette.types import ASGIApp, Receive, Scope, Send

from server.api.middleware.wire import refuse
from server.api.problems import Code
from server.api.rates import Rates

LIMITED = "/api/"


class AddressLimit:
    """Refuses requests to the API from an address that asks too often."""

    def __init__(self, app: ASGIApp, rates: Rates) -> None:
        self._app = app
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].startswith(LIMITED):
            wait_s = self._rates.hit_address((scope.get("client") or ("",))[0])
            if wait_s is not None:
                detail = f"too many requests from this address: wait {wait_s} s"
                await refuse(scope, receive, send, Code.RATE_LIMITED, detail, retry_after_s=wait_s)
                return
        await self._app(scope, receive, send)
