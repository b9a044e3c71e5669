"""How answers are written: problems as problem+json, acts as bytes that can be kept and given again."""

import json
from typing import Any

from starlette.responses import Response

from redwhistle.errors import AlreadyClaimed, Changed, NotYours, QueueError, WrongState
from server.api import shown
from server.api.ports import Row
from server.api.problems import STATUS, Code
from server.api.schemas.queue import ActDone
from server.records.acting import Answer

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
TITLES = {
    Code.UNAUTHENTICATED: "Not logged in",
    Code.CSRF: "Not from this page",
    Code.FORBIDDEN: "Not allowed",
    Code.MUST_CHANGE_PASSWORD: "Choose a password first",
    Code.NOT_FOUND: "Not found",
    Code.METHOD_NOT_ALLOWED: "Method not allowed",
    Code.ALREADY_CLAIMED: "Somebody else was first",
    Code.WRONG_STATE: "Not possible in this state",
    Code.NOT_YOURS: "Held by somebody else",
    Code.CHANGED: "Changed meanwhile",
    Code.CONFLICT: "Collides with what is stored",
    Code.INVALID: "Not a valid request",
    Code.TOO_LARGE: "Too large",
    Code.TOO_SLOW: "Too slow",
    Code.TOO_MANY: "Too many attempts",
    Code.RATE_LIMITED: "Too many requests",
    Code.UNAVAILABLE: "Not available now",
    Code.INTERNAL: "A fault of the server",
}


def problem(code: Code, detail: str, **params: Any) -> Answer:
    """A refusal as it goes over the wire. `params` that are None are left out."""
    body = {
        "type": f"/problems/{code}",
        "title": TITLES[code],
        "status": STATUS[code],
        "detail": detail,
        "code": code.value,
        **{name: value for name, value in params.items() if value is not None},
    }
    return Answer(STATUS[code], json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def act_done(item: Row, outcome: str) -> Answer:
    """An act that was done, or that was so already."""
    done = ActDone.model_validate({"item": shown.item(item), "outcome": outcome})
    return Answer(200, done.model_dump_json().encode())


def act_refused(error: Exception, item: Row) -> Answer:
    """An act that the queue refused, with what the client needs to say why."""
    code = refusal_code(error)
    owner = shown.person(item["owner"], item["owner_name"])
    return problem(
        code,
        str(error),
        item=str(item["id"]),
        state=item["state"],
        version=item["version"],
        owner=None if owner is None or code is Code.INVALID else owner.model_dump(),
    )


def refusal_code(error: Exception) -> Code:
    """The code for an error of the queue."""
    match error:
        case AlreadyClaimed():
            return Code.ALREADY_CLAIMED
        case NotYours():
            return Code.NOT_YOURS
        case Changed():
            return Code.CHANGED
        case WrongState():
            return Code.WRONG_STATE
        case QueueError():
            return Code.INVALID
    raise error


def respond(answer: Answer) -> Response:
    """The answer as a response."""
    kind = JSON if answer.status < 400 else PROBLEM_JSON
    return Response(answer.body, status_code=answer.status, media_type=kind)
