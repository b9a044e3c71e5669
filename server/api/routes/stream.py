"""The live stream: the queue and the boxes as they change."""

from typing import Annotated

from fastapi import Query, Request, Response

from server.api.gate import DoorsHere, Router, Who
from server.api.problems import Code, ProblemError
from server.api.schemas.stream import (
    StreamBoxChange,
    StreamItemChange,
    StreamReset,
    StreamSnapshot,
    StreamTick,
)
from server.rights.roles import Right

router = Router("stream")
MODELS = (StreamSnapshot, StreamItemChange, StreamBoxChange, StreamReset, StreamTick)
"""Named in no answer's schema (it is a text of events): put into the document beside it."""


@router.route(
    "GET",
    "/stream",
    "stream",
    Right.SEE_ALERTS,
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events: `snapshot`, `change` (with id), `reset`, `tick`. Their `data` are"
            " StreamSnapshot, StreamItemChange or StreamBoxChange, StreamReset, StreamTick.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def stream(
    request: Request,
    who: Who,
    doors: DoorsHere,
    after: Annotated[str | None, Query(max_length=1000, description="Cursor of the last event")] = None,
) -> Response:
    """Open items and boxes in scope, then every change, until the client goes. `Last-Event-ID` wins over `after`."""
    if doors.stream is None:
        raise ProblemError(Code.UNAVAILABLE, "this process serves no stream")
    given = request.headers.get("last-event-id") or after
    return await doors.stream.connect(request, who.caller, given)
