"""The root of all rule sections: frozen, extras refused, so that a misspelt setting is an error and not a default."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(ge=0, le=30 * 86400)]
"""A duration of at most thirty days."""


class Rules(BaseModel):
    """Parameters of a policy; they stand in the box's configuration under these very names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def passed_s(since_ms: int, now_ms: int) -> float:
    """Seconds from `since_ms` to `now_ms`, both monotonic milliseconds."""
    return (now_ms - since_ms) / 1000
