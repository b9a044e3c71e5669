"""Errors as application/problem+json (RFC 9457): a stable code and what belongs to it."""

from typing import Annotated

from pydantic import ConfigDict, Field

from server.alerts.work_item import State
from server.api.problems import Code
from server.api.schemas.wire import PersonName, Shape, codes


class FieldError(Shape):
    """What is wrong with one field of a request."""

    loc: list[str | int]
    msg: str
    type: str


class Problem(Shape):
    """Why a request was refused. Which of the further members are there depends on `code`."""

    model_config = ConfigDict(
        json_schema_serialization_defaults_required=False,
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems/already_claimed",
                    "title": "Somebody else was first",
                    "status": 409,
                    "detail": "item 1042 is already claimed by zhangwei",
                    "code": "already_claimed",
                    "owner": {"login": "zhangwei", "name": "张伟"},
                    "item": "0197a3c0-7d3a-7c52-9a3e-3a60b4f5d111",
                    "version": 4,
                }
            ]
        },
    )

    type: str
    title: str
    status: int
    detail: str
    code: Annotated[str, codes(Code)]
    request_id: str | None = None
    owner: PersonName | None = Field(default=None, description="already_claimed, not_yours: who holds it")
    item: str | None = Field(default=None, description="409: id of the work item")
    state: Annotated[str | None, codes(State)] = Field(default=None, description="409: the state it is in")
    version: int | None = Field(default=None, description="409: the version it has")
    errors: list[FieldError] | None = Field(default=None, description="invalid: what is wrong where")
    retry_after_s: int | None = Field(default=None, description="429, 503: try again after so many seconds")
