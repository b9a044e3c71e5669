"""What an actuator is told to do: plain values, from a reflex or a command to the adapter that carries them out."""

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What an actuator can be told."""

    ON = "on"
    """Sound, close the relay, release the gate."""
    OFF = "off"
    """Be quiet, open the relay, lock the gate again."""
    SPEAK = "speak"
    """Say a message, in each language in turn, again and again until the time is over."""


@dataclass(frozen=True, slots=True)
class Order:
    """One act for one actuator. `cause` says for the log who wants it; `for_s` None: as long as the actuator allows.

    `message` names a message of the configuration, `text` is spoken as it stands by speakers that can; `exercise`
    marks an order of a drill. `ends`, of an `off`: it ends only what was begun for this cause.
    """

    actuator: str
    act: Act
    cause: str
    for_s: float | None = None
    message: str | None = None
    text: str | None = None
    languages: tuple[str, ...] = ()
    exercise: str | None = None
    ends: str | None = None
