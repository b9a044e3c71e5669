"""Frames that somebody recorded: bytes as they are, or hex as people write and copy it."""

import re
from collections.abc import Iterator

from edge.agent.gbt26875.frame import END, FRAME_OVERHEAD_BYTES, START, Frame, decode_frame, examine
from redwhistle.errors import Malformed, TooLarge

MAX_BYTES = 1024 * 1024
_BETWEEN = re.compile(rb"(?:0[xX]|[\s,;:\-])+")
_NO_HEX = re.compile(rb"[^0-9A-Fa-f]")


def read_dump(content: bytes) -> bytes:
    """The bytes meant: hex with blanks, commas, dashes or `0x` between, else the content itself if it is raw frames.

    Raises Malformed or TooLarge with the reason.
    """
    if len(content) > MAX_BYTES:
        raise TooLarge(f"more than {MAX_BYTES} bytes: give a part of it")
    if content.startswith(START) and END in content:
        return content
    digits = _BETWEEN.sub(b"", content)
    if not digits:
        raise Malformed("nothing was given: a frame begins with 40 40 and ends with 23 23")
    wrong = _NO_HEX.search(digits)
    if wrong is not None:
        shown = wrong.group().decode("ascii", "backslashreplace")
        raise Malformed(f"not hex: {shown!r} is none of 0-9 and A-F")
    if len(digits) % 2:
        raise Malformed(f"not hex: {len(digits)} digits, an even number is needed")
    return bytes.fromhex(digits.decode("ascii"))


def split_frames(data: bytes) -> Iterator[Frame]:
    """The frames that `data` is, one after the other without anything between; raise Malformed at the first fault."""
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at + 24 : at + 26], "little")
        whole = isinstance(examine(data, at), Frame)
        try:
            frame = decode_frame(data[at : at + FRAME_OVERHEAD_BYTES + length] if whole else data[at:])
        except (Malformed, TooLarge) as error:
            raise type(error)(f"at byte {at}: {error.detail}" if at else error.detail) from None
        yield frame
        at += FRAME_OVERHEAD_BYTES + length
