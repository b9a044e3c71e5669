"""A person's act as it comes in at a door, and the answer that is kept for its key. Values only."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.alerts.work_item import Act


@dataclass(frozen=True, slots=True)
class ActAsked:
    """An act to be done. `key` makes a repeated request the same request; `digest` is of its content.

    `queued`: it was made without network; `device_time` is what the phone said then.
    """

    ref: str
    what: Act
    reason: str = ""
    version: int | None = None
    device_time: datetime | None = None
    queued: bool = False
    key: UUID | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer: kept under its key, and given again byte for byte."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """An act that was asked for with a key: by whom, a digest of what, the answer, and whether its loss is in the history."""

    person: str
    digest: str
    answer: Answer
    noted: bool
