"""The little that ASGI layers share: reading headers, answering a problem."""

from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from server.api.failures import answer_problem
from server.api.problems import Code


def header(scope: Scope, name: bytes) -> str | None:
    """The last header of this (lower case) name."""
    found = None
    for key, value in scope["headers"]:
        if key == name:
            found = value.decode("latin-1")
    return found


async def refuse(scope: Scope, receive: Receive, send: Send, code: Code, detail: str, **params: Any) -> None:
    """Answer with a problem and end the connection, so that a body that still comes is not read."""
    response = answer_problem(Request(scope), code, detail, **params)
    response.headers["Connection"] = "close"
    await response(scope, receive, send)
