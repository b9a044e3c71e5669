"""Names and identities on the wire."""

from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field, StringConstraints

SLUG = r"^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$"
"""1–64 lower-case letters, digits, '.', '_', '-'; no MQTT wildcard, slash or space can be in one."""

SiteId = Annotated[str, StringConstraints(pattern=SLUG)]
BoxId = Annotated[str, StringConstraints(pattern=SLUG)]
DeviceId = Annotated[str, StringConstraints(pattern=SLUG)]
PlaceId = Annotated[str, StringConstraints(pattern=SLUG)]
ExerciseId = Annotated[str, StringConstraints(pattern=SLUG)]
Epoch = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""Random id of one outbox file, 32 hex digits: a lost or new file is a new epoch and counts from 1."""
BootId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""The kernel's boot id without dashes: monotonic times compare only within one boot."""
Seq = Annotated[int, Field(ge=1, le=2**63 - 2)]
"""Position in a lane of an epoch, from 1, without gaps."""
SeqRange = tuple[Seq, Seq]
"""First and last sequence number, both included."""


def _without_control(value: str) -> str:
    if any(character < " " and character not in "\n\t" for character in value):
        raise ValueError("control characters (NUL among them) are not allowed")
    return value


Text = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_without_control)]
"""Free text of at most 1,000 characters without control characters (PostgreSQL stores no NUL)."""


class Lane(StrEnum):
    """The two ways out of a box."""

    ALARM = "alarm"
    """Sent first, committed with a full sync, never dropped."""
    TELEMETRY = "telemetry"
    """Sent in batches; the oldest go first when the outbox is full, and leave a counted gap."""


class ItemKey(NamedTuple):
    """What makes an item the same item wherever it is seen again."""

    box: str
    epoch: str
    lane: Lane
    seq: int
