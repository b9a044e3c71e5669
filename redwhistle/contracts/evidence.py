"""One blurred picture to one alarm: what travels under the leaf `evidence`, apart from the lanes.

It has no number in a lane: its identity is `id` alone, it may be given up for newer ones, and no alarm waits for it.
"""

import base64
import binascii
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, field_validator, model_validator

from redwhistle.contracts.envelope import Stamp
from redwhistle.contracts.events import EpochMs, MonoMs
from redwhistle.contracts.ids import BootId, BoxId, DeviceId, Epoch, ExerciseId, PlaceId, SiteId
from redwhistle.contracts.jpeg import MAX_SIDE_PX, read_size
from redwhistle.contracts.wire import MAX_EVIDENCE_BYTES, Wire

_MAX_BASE64 = 4 * ((MAX_EVIDENCE_BYTES + 2) // 3)


class Method(StrEnum):
    """What was done to a picture. On the wire it is text: a newer box may do something else."""

    WHOLE_FRAME = "whole_frame"
    """No model looked for people: the whole frame is so coarse that no face has features."""
    PEOPLE_AND_FRAME = "people_and_frame"
    """The people that a model found are a few cells each; the rest is coarse, for those whom it missed."""


def _from_base64(value: Any) -> Any:
    """Bytes as they are; text as strict base64 (RFC 4648, section 4). Raises ValueError."""
    if not isinstance(value, str):
        return value
    if len(value) > _MAX_BASE64:
        raise ValueError(f"is over {MAX_EVIDENCE_BYTES} bytes")
    try:
        return binascii.a2b_base64(value.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("is not base64") from None


Jpeg = Annotated[
    bytes,
    BeforeValidator(_from_base64),
    PlainSerializer(lambda value: base64.b64encode(value).decode(), return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "contentEncoding": "base64",
            "contentMediaType": "image/jpeg",
            "maxLength": _MAX_BASE64,
        }
    ),
]
"""A plain baseline JPEG of at most 64 KiB (`jpeg.read_size` says what is plain)."""


class Evidence(Wire):
    """A picture in which people cannot be recognised. Sent again until acknowledged by its `id`.

    `event` is the id of the alarm event to which it belongs; `device` is the camera. `method` says what was done to the
    whole frame, `people_blurred` how many regions of people were made coarser still.
    """

    v: Literal[1] = 1
    site: SiteId
    box: BoxId
    epoch: Epoch
    sent: Stamp
    id: UUID
    event: UUID
    device: DeviceId
    place: PlaceId | None = None
    at_ms: EpochMs
    mono_ms: MonoMs
    boot: BootId
    synced: bool
    exercise: ExerciseId | None = None
    width_px: Annotated[int, Field(ge=1, le=MAX_SIDE_PX)]
    height_px: Annotated[int, Field(ge=1, le=MAX_SIDE_PX)]
    people_blurred: Annotated[int, Field(ge=0, le=1000)]
    method: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    jpeg: Jpeg

    @field_validator("id", "event")
    @classmethod
    def _is_uuid7(cls, value: UUID) -> UUID:
        if value.version != 7:
            raise ValueError("is no UUIDv7 (RFC 9562)")
        return value

    @model_validator(mode="after")
    def _is_the_picture_it_says(self) -> Self:
        if len(self.jpeg) > MAX_EVIDENCE_BYTES:
            raise ValueError(f"jpeg: {len(self.jpeg)} bytes, {MAX_EVIDENCE_BYTES} allowed")
        try:
            size = read_size(self.jpeg)
        except ValueError as error:
            raise ValueError(f"jpeg: {error}") from None
        if size != (self.width_px, self.height_px):
            raise ValueError(
                f"jpeg: is {size.width_px} x {size.height_px} px, the message says {self.width_px} x {self.height_px}"
            )
        return self
