"""The live stream: the queue and the boxes as they change."""

from typing import Annotated

from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool

from server.api.gate import DoorsHere, Router, Who
from server.api.ports import Doors
from server.api.problems import Code, ProblemError
from server.api.routes.devices import Exercise
from server.api.schemas.stream import (
    StreamBoxChange,
    StreamItemChange,
    StreamReset,
    StreamSnapshot,
    StreamTick,
)
from server.api.stream.hub import Allowed
from server.api.stream.response import EventStreamResponse
from server.rights.caller import Caller
from server.rights.gate import scope_of
from server.rights.roles import Right

router = Router("stream")
SEE = Right.SEE_ALERTS
MODELS = (StreamSnapshot, StreamItemChange, StreamBoxChange, StreamReset, StreamTick)
"""Named in no answer's schema (it is a text of events): put into the document beside it."""


@router.route(
    "GET",
    "/stream",
    "stream",
    SEE,
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
    exercise: Exercise = "",
) -> Response:
    """Open items and boxes in scope, then every change, until the client goes. `Last-Event-ID` wins over `after`."""
    if doors.stream is None:
        raise ProblemError(Code.UNAVAILABLE, "this process serves no stream: ask another one")

    async def look_again() -> Allowed | None:
        return await run_in_threadpool(_allowed, doors, who.caller)

    subscription = await doors.stream.join(
        Allowed(who.scope, who.caller.until),
        who.caller.person,
        look_again,
        after=request.headers.get("last-event-id") or after,
        exercise=None if exercise == "*" else exercise,
    )
    return EventStreamResponse(subscription)


def _allowed(doors: Doors, caller: Caller) -> Allowed | None:
    """What the caller may see now; None when the session or token has ended."""
    now = doors.clock.now()
    same = doors.people.sessions.again(caller, now)
    return None if same is None else Allowed(scope_of(same, SEE, now), same.until)
