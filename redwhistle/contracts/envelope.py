"""What one MQTT message of the lanes holds, and what the server answers."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from redwhistle.contracts.events import EpochMs, Event, MonoMs
from redwhistle.contracts.ids import BootId, BoxId, Epoch, ExerciseId, Lane, SeqRange, SiteId, Text
from redwhistle.contracts.readings import GapRecord, ReadingColumns
from redwhistle.contracts.wire import MAX_ITEMS, Wire


class Stamp(Wire):
    """The box's clocks at one moment: lets the server date items of an unsynchronised clock by their age."""

    at_ms: EpochMs
    mono_ms: MonoMs
    boot: BootId
    synced: bool


class Envelope(Wire):
    """Items of one lane of one outbox, all real or all of one exercise. Sent again until acknowledged."""

    v: Literal[1] = 1
    site: SiteId
    box: BoxId
    epoch: Epoch
    lane: Lane
    sent: Stamp
    exercise: ExerciseId | None = None
    events: list[Event] = Field(default_factory=list, max_length=MAX_ITEMS)
    readings: list[ReadingColumns] = Field(default_factory=list, max_length=16)
    gaps: list[GapRecord] = Field(default_factory=list, max_length=MAX_ITEMS)


class Rejection(Wire):
    """An envelope that could not be read at all: kept in quarantine whole; the box sends its items apart."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    code: Text
    detail: Text


class Ack(Wire):
    """The server's own acknowledgement, published after its commit: only now may a box delete a row.

    `received` are the ranges of this epoch and lane that the server holds, clipped to what matters to the sender;
    quarantined items are in them: they are kept, with their reason. `evidence` are the ids of pictures that the server has
    taken or refused for good; an acknowledgement that has them says nothing of its lane.
    """

    v: Literal[1] = 1
    epoch: Epoch
    lane: Lane
    received: list[SeqRange] = Field(default_factory=list, max_length=4096)
    rejected: list[Rejection] = Field(default_factory=list, max_length=64)
    evidence: list[UUID] | None = Field(default=None, max_length=64)
    at_ms: EpochMs
