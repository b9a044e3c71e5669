"""The stream behind its route (ports.Streaming): who may join, what they see, and whether they still may."""

import asyncio
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from redwhistle.clock import Clock
from server.api.problems import Code, ProblemError
from server.api.stream.hub import Allowed, Hub
from server.api.stream.response import EventStreamResponse
from server.people.sessions import Sessions
from server.rights.caller import Caller
from server.rights.gate import scope_of
from server.rights.roles import Right

ALL_EXERCISES = "*"


class StreamDoor:
    """Lets callers into the hub. Rights are asked for again while they listen; that does not count as use of a session."""

    def __init__(self, hub: Hub, sessions: Sessions, clock: Clock) -> None:
        self._hub, self._sessions, self._clock = hub, sessions, clock

    async def connect(self, request: Request, caller: Caller, after: str | None) -> Response:
        """The stream of what the caller may see, from the cursor on; `?exercise=` as for lists ('*': all)."""
        allowed = allowed_to(caller, self._clock.now())
        if allowed is None:
            raise ProblemError(
                Code.FORBIDDEN, f"this needs the right {Right.SEE_ALERTS}: ask whoever manages accounts"
            )
        exercise = request.query_params.get("exercise", "")

        async def look_again() -> Allowed | None:
            now = self._clock.now()
            again = await asyncio.to_thread(self._sessions.again, caller, now)
            return allowed_to(again, now)

        subscription = await self._hub.join(
            allowed,
            caller.person,
            look_again,
            after=after,
            exercise=None if exercise == ALL_EXERCISES else exercise,
        )
        return EventStreamResponse(subscription)


def allowed_to(caller: Caller | None, now: datetime) -> Allowed | None:
    """What the caller may see of the queue, and until when; None for nothing."""
    scope = scope_of(caller, Right.SEE_ALERTS, now)
    return None if caller is None or scope.empty else Allowed(scope, caller.until)
