"""Commands to a box and its replies. A command expires, runs once, and is always answered."""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from redwhistle.contracts.events import EpochMs
from redwhistle.contracts.ids import BoxId, ExerciseId, Text
from redwhistle.contracts.wire import Wire


class CommandName(StrEnum):
    """What a server may ask of a box."""

    PING = "ping"
    """Answer, and say the clocks."""
    REPORT = "report"
    """Publish the state again."""
    CONFIGURE = "configure"
    """Check a new configuration and use it, or say why not."""


class Command(Wire):
    v: Literal[1] = 1
    id: UUID
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    args: dict[str, Any] = Field(default_factory=dict)
    issued_at_ms: EpochMs
    expires_at_ms: EpochMs
    exercise: ExerciseId | None = None


class ReplyStatus(StrEnum):
    """How a command ended."""

    DONE = "done"
    REFUSED = "refused"
    """The box will not or cannot; `detail` says why."""
    EXPIRED = "expired"
    FAILED = "failed"
    DUPLICATE = "duplicate"
    """The same id ran before; it is not run again."""


class Reply(Wire):
    v: Literal[1] = 1
    command: UUID
    box: BoxId
    status: ReplyStatus
    detail: Text = ""
    at_ms: EpochMs
    data: dict[str, Any] = Field(default_factory=dict)
