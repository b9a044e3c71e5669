"""Every error as application/problem+json: ours by their kind, the framework's by their status, a fault without detail."""

import math
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from redwhistle.errors import (
    Blocked,
    LogInFailed,
    NotFound,
    PersonRefused,
    QueueError,
    RedWhistleError,
    TooManyAttempts,
    Unavailable,
)
from redwhistle.logs import get_logger
from server.api.answers import PROBLEM_JSON, problem, refusal_code
from server.api.problems import Code, ProblemError

log = get_logger(part="api")
NOT_FOUND = "nothing is called so, or nothing that you may see"
RETRY_S = 2
_BY_STATUS = {
    401: Code.UNAUTHENTICATED,
    403: Code.FORBIDDEN,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
}
_MAX_ERRORS = 20


def install(app: FastAPI) -> None:
    """Answer all errors of this application."""
    handlers: dict[type[Exception], Callable[[Request, Any], Response]] = {
        ProblemError: _refused,
        RequestValidationError: _invalid,
        HTTPException: _by_status,
        RedWhistleError: _ours,
        ResponseValidationError: _fault,
        Exception: _fault,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def answer_problem(request: Request, code: Code, detail: str, **params: Any) -> Response:
    """The problem as a response. Only a fault names the request in its body: all else is equal for equal reasons."""
    if code is Code.INTERNAL:
        params["request_id"] = request.scope.get("state", {}).get("request_id")
    done = problem(code, detail, **params)
    headers = {"Cache-Control": "no-store"}
    if params.get("retry_after_s") is not None:
        headers["Retry-After"] = str(params["retry_after_s"])
    if code is Code.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(done.body, status_code=done.status, headers=headers, media_type=PROBLEM_JSON)


def _refused(request: Request, error: ProblemError) -> Response:
    return answer_problem(request, error.code, error.detail, **error.params)


def _invalid(request: Request, error: RequestValidationError) -> Response:
    faults = [
        {"loc": [_plain(part) for part in one["loc"]], "msg": one["msg"], "type": one["type"]}
        for one in error.errors()[:_MAX_ERRORS]
    ]
    where = ".".join(str(part) for part in faults[0]["loc"]) if faults else "request"
    text = faults[0]["msg"] if faults else "not a valid request"
    return answer_problem(request, Code.INVALID, f"{where}: {text}", errors=faults)


def _by_status(request: Request, error: HTTPException) -> Response:
    code = _BY_STATUS.get(error.status_code, Code.INVALID if error.status_code < 500 else Code.INTERNAL)
    detail = NOT_FOUND if code is Code.NOT_FOUND else str(error.detail)
    return answer_problem(request, code, detail)


def _ours(request: Request, error: RedWhistleError) -> Response:
    match error:
        case TooManyAttempts():
            wait_s = max(1, math.ceil(error.retry_after_s))
            return answer_problem(request, Code.TOO_MANY, str(error), retry_after_s=wait_s)
        case LogInFailed():
            return answer_problem(request, Code.UNAUTHENTICATED, str(error))
        case PersonRefused():
            code = Code.CONFLICT if error.code == "taken" else Code.INVALID
            faults = [{"loc": ["body", error.field], "msg": str(error), "type": error.code}]
            return answer_problem(request, code, str(error), errors=faults)
        case NotFound():
            return answer_problem(request, Code.NOT_FOUND, NOT_FOUND)
        case QueueError():
            return answer_problem(request, refusal_code(error), str(error))
        case Unavailable() | Blocked():
            log.warning("store_refused", path=request.url.path, why=str(error))
            return answer_problem(
                request,
                Code.UNAVAILABLE,
                "the database cannot serve this now: try again in some seconds",
                retry_after_s=RETRY_S,
            )
    return _fault(request, error)


def _fault(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=request.url.path, exc_info=error)
    return answer_problem(
        request, Code.INTERNAL, "a fault of the server: its log tells more under the request's id"
    )


def _plain(part: Any) -> str | int:
    return part if isinstance(part, int) else str(part)
