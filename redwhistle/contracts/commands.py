"""Commands to a box and its replies. A command expires, runs once, and is always answered."""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from redwhistle.contracts.events import EpochMs
from redwhistle.contracts.ids import BoxId, DeviceId, ExerciseId, Text
from redwhistle.contracts.wire import Wire


class CommandName(StrEnum):
    """What a server may ask of a box."""

    PING = "ping"
    """Answer, and say the clocks."""
    REPORT = "report"
    """Publish the state again."""
    CONFIGURE = "configure"
    """Check a new configuration and use it, or say why not."""
    ACTUATE = "actuate"
    """Drive actuators: `ActuateArgs`. Of a drill (`exercise`): only those that it names."""
    SILENCE = "silence"
    """Stop what sounds, until something new happens: `SilenceArgs`."""
    DRILL = "drill"
    """Which actuators the box's own reflexes may drive for an exercise: `DrillArgs`. Without it: none."""


class ActuateArgs(Wire):
    """`actuators` by their device ids, or all of a `kind` (never in a drill). `for_s` None: as long as each allows.

    `speak` needs a `message` of the box's configuration or a `text`.
    """

    act: Literal["on", "off", "speak"]
    actuators: list[DeviceId] = Field(default_factory=list, max_length=100)
    kind: Literal["siren", "relay", "loudspeaker"] | None = None
    for_s: Annotated[float, Field(gt=0, le=86400)] | None = None
    message: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")] | None = None
    text: Text | None = None
    languages: list[Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]] = Field(
        default_factory=list, max_length=16
    )


class SilenceArgs(Wire):
    """Of these actuators; none named: all sirens and loudspeakers. A new alarm elsewhere sounds again at once."""

    actuators: list[DeviceId] = Field(default_factory=list, max_length=100)
    for_s: Annotated[float, Field(gt=0, le=3600)] = 600.0


class DrillArgs(Wire):
    """For so long the box's reflexes may drive these, and no others, for the command's `exercise`."""

    actuators: list[DeviceId] = Field(max_length=100)
    for_s: Annotated[float, Field(gt=0, le=6 * 3600)] = 3600.0


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


ARGS_OF: dict[CommandName, type[Wire]] = {
    CommandName.ACTUATE: ActuateArgs,
    CommandName.SILENCE: SilenceArgs,
    CommandName.DRILL: DrillArgs,
}
"""The shape of `args` of each command that has one of its own."""
