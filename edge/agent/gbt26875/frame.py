"""Frames: the control unit around the application data (clause 6.6).

    @@ | serial 2 | version 2 | time 6 | source 6 | destination 6 | length 2 | command 1 | data ≤ 1024 | sum 1 | ##

Numbers are little-endian. The sum is that of the bytes from the serial number to the end of the data, modulo 256: a
change of one byte outside the length always shows. `@@` and `##` may stand inside the data, so the length says where a
frame ends; a changed length shows too, unless bytes inside happen to form a fitting sum and an end mark.
"""

import struct
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Final

from edge.agent.gbt26875.panel_time import PanelTime
from redwhistle.errors import Malformed, TooLarge

START: Final = b"@@"
END: Final = b"##"
MAX_DATA_BYTES: Final = 1024
FRAME_OVERHEAD_BYTES: Final = 30
MAX_FRAME_BYTES: Final = MAX_DATA_BYTES + FRAME_OVERHEAD_BYTES
MAX_ADDRESS: Final = 2**48 - 1
_HEADER = struct.Struct("<2sHBB6s6s6sHB")
DATA_AT: Final = _HEADER.size


class Command(IntEnum):
    """The command byte (table 2). 0 and 7–127 are reserved, 128–255 belong to the makers."""

    CONTROL = 1
    """The centre sets something: start anew, clock, duty check."""
    SEND = 2
    """The transmitter reports; the centre confirms or denies."""
    CONFIRM = 3
    REQUEST = 4
    """The centre asks; the transmitter answers."""
    ANSWER = 5
    DENY = 6


class Flaw(StrEnum):
    """Why bytes are no frame."""

    NO_START = "no_start"
    TOO_LONG = "too_long"
    NO_END = "no_end"
    CHECKSUM = "checksum"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. Addresses are 48-bit numbers, `version` is (major, the maker's minor), `command` any byte."""

    serial: int
    source: int
    destination: int
    command: int
    time: PanelTime
    data: bytes = b""
    version: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class Incomplete:
    """So far it may be a frame: `needed` bytes in all."""

    needed: int


@dataclass(frozen=True, slots=True)
class Damaged:
    """Marks and length fit, the sum does not: `header` says whom to deny, as far as it can be believed."""

    header: Frame


def examine(buffer: bytes | bytearray, at: int = 0) -> Frame | Damaged | Incomplete | Flaw:
    """What stands at `at`. A frame is only what is whole in every respect; nothing here raises."""
    there = len(buffer) - at
    if not START.startswith(bytes(buffer[at : at + 2])):
        return Flaw.NO_START
    if there < DATA_AT:
        return Incomplete(FRAME_OVERHEAD_BYTES)
    _, serial, major, minor, time, source, destination, length, command = _HEADER.unpack_from(buffer, at)
    if length > MAX_DATA_BYTES:
        return Flaw.TOO_LONG
    needed = length + FRAME_OVERHEAD_BYTES
    if there < needed:
        return Incomplete(needed)
    sum_at = at + DATA_AT + length
    if buffer[sum_at + 1 : sum_at + 3] != END:
        return Flaw.NO_END
    frame = Frame(
        serial=serial,
        source=int.from_bytes(source, "little"),
        destination=int.from_bytes(destination, "little"),
        command=command,
        time=PanelTime.read(time),
        version=(major, minor),
    )
    if sum(buffer[at + 2 : sum_at]) & 0xFF != buffer[sum_at]:
        return Damaged(frame)
    return replace(frame, data=bytes(buffer[at + DATA_AT : sum_at]))


def decode_frame(payload: bytes) -> Frame:
    """The frame that `payload` is, from its first byte to its last; raise Malformed or TooLarge with the reason."""
    match examine(payload):
        case Frame() as frame:
            over = len(payload) - FRAME_OVERHEAD_BYTES - len(frame.data)
            if over:
                raise Malformed(f"{over} bytes follow the frame's end: give one frame at a time")
            return frame
        case Damaged():
            raise Malformed("the checksum does not fit: a byte was changed on the way")
        case Incomplete(needed):
            raise Malformed(f"incomplete: {len(payload)} bytes, at least {needed} needed")
        case Flaw.TOO_LONG:
            length = int.from_bytes(payload[24:26], "little")
            raise TooLarge(f"the length says {length} bytes of data, {MAX_DATA_BYTES} are allowed")
        case Flaw.NO_END:
            raise Malformed("no end mark (23 23) where the length puts it: length or end was changed")
        case _:
            raise Malformed("no start mark (40 40) at the beginning")


def encode_frame(frame: Frame) -> bytes:
    """The frame's bytes; raise TooLarge or Malformed for what fits no field."""
    if len(frame.data) > MAX_DATA_BYTES:
        raise TooLarge(f"{len(frame.data)} bytes of data, {MAX_DATA_BYTES} are allowed")
    try:
        head = _HEADER.pack(
            START,
            frame.serial,
            *frame.version,
            bytes(frame.time),
            frame.source.to_bytes(6, "little"),
            frame.destination.to_bytes(6, "little"),
            len(frame.data),
            frame.command,
        )
    except (struct.error, ValueError, OverflowError) as error:
        raise Malformed(f"a value does not fit its field: {error}") from error
    inner = head[2:] + frame.data
    return START + inner + bytes((sum(inner) & 0xFF,)) + END


def reply_to(frame: Frame, command: Command, time: PanelTime) -> Frame:
    """A confirmation or denial: serial number and version echoed, addresses exchanged, no data."""
    return Frame(
        serial=frame.serial,
        source=frame.destination,
        destination=frame.source,
        command=command,
        time=time,
        version=frame.version,
    )
