"""The configuration of a replay source."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge.agent.filepaths import ConfigPath
from redwhistle.contracts.ids import DeviceId, ExerciseId


class ReplaySettings(BaseModel):
    """Plays a recorded log: for drills, tests and demonstrations. Times in the log are followed exactly."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["replay"]
    name: DeviceId = "replay"
    """Under which the source's own faults are reported."""
    file: ConfigPath
    """JSON lines; see `edge.agent.sources.replay_log`."""
    speed: Annotated[float, Field(gt=0, le=1_000_000)] = 1.0
    """2 plays an hour in half an hour; a very large one plays as fast as the box can."""
    repeat: Annotated[int, Field(ge=1)] = 1
    """Times the log is played."""
    loop: bool = False
    """Play until stopped; `repeat` does not count then."""
    exercise: ExerciseId | None = None
    """Marks everything as belonging to this drill."""
