"""Whether bytes are one plain picture and nothing else: a strict reader of JPEG's structure (ITU-T T.81, JFIF 1.02).

Only what a baseline encoder writes is let through. Whatever could hide a second, unblurred picture or say where and by
whom it was taken is refused: application segments beside JFIF's own (EXIF and its thumbnail, XMP, ICC, multi-picture),
comments, JFIF thumbnails, further scans, bytes after the end. Nothing is decoded: that costs nothing and attacks nobody.
"""

from typing import NamedTuple

MAX_SIDE_PX = 1920
MAX_OTHER_SIDE_PX = 1080
"""A picture is at most 1920 by 1080, or upright 1080 by 1920."""

_SOI, _EOI, _SOS, _SOF0, _DHT, _DQT, _DRI, _APP0 = 0xD8, 0xD9, 0xDA, 0xC0, 0xC4, 0xDB, 0xDD, 0xE0
_TABLES = frozenset({_DHT, _DQT, _DRI})
_JFIF = b"JFIF\0"
_JFIF_BYTES = 14
_MOST_SEGMENTS = 64


class Size(NamedTuple):
    """Of a picture."""

    width_px: int
    height_px: int


def read_size(jpeg: bytes) -> Size:
    """The picture's size; raise ValueError, saying why, for bytes that are not exactly one plain baseline JPEG."""
    if jpeg[:2] != bytes((0xFF, _SOI)):
        raise ValueError("is no JPEG: the start marker is missing")
    at, size, number = 2, None, 0
    while True:
        marker, body, at = _segment(jpeg, at)
        number += 1
        if number > _MOST_SEGMENTS:
            raise ValueError(f"has more than {_MOST_SEGMENTS} segments")
        if marker == _SOF0:
            if size is not None:
                raise ValueError("holds two pictures")
            size = _read_frame(body)
        elif marker == _APP0:
            if number != 1 or body[:5] != _JFIF or len(body) != _JFIF_BYTES or any(body[12:14]):
                raise ValueError("has an application segment beside a plain JFIF header (a thumbnail?)")
        elif marker == _SOS:
            if size is None:
                raise ValueError("begins its scan before it says its size")
            _check_scan(jpeg, at)
            return size
        elif marker not in _TABLES:
            raise ValueError(f"has a segment 0x{marker:02X}: only a plain baseline picture is taken")


def _segment(jpeg: bytes, at: int) -> tuple[int, bytes, int]:
    """Marker and body of the segment at `at`, and where the next one begins."""
    if at + 4 > len(jpeg) or jpeg[at] != 0xFF:
        raise ValueError("ends, or loses its structure, before its scan")
    length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
    end = at + 2 + length
    if length < 2 or end > len(jpeg):
        raise ValueError("ends in the middle of a segment")
    return jpeg[at + 1], jpeg[at + 4 : end], end


def _read_frame(body: bytes) -> Size:
    if len(body) < 6 or body[0] != 8 or body[5] not in (1, 3) or len(body) != 6 + 3 * body[5]:
        raise ValueError("is not of 8 bits with one or three components")
    size = Size(width_px=int.from_bytes(body[3:5], "big"), height_px=int.from_bytes(body[1:3], "big"))
    if min(size) < 1 or max(size) > MAX_SIDE_PX or min(size) > MAX_OTHER_SIDE_PX:
        raise ValueError(
            f"is {size.width_px} x {size.height_px} px; at most {MAX_SIDE_PX} x {MAX_OTHER_SIDE_PX} is taken"
        )
    return size


def _check_scan(jpeg: bytes, at: int) -> None:
    """Entropy-coded bytes to the very end: stuffed zeros and restart markers are a part of them, nothing else is."""
    while True:
        at = jpeg.find(0xFF, at)
        if at < 0 or at + 1 >= len(jpeg):
            raise ValueError("ends in the middle of its scan")
        marker = jpeg[at + 1]
        if marker == _EOI:
            if at + 2 != len(jpeg):
                raise ValueError("goes on after its end")
            return
        if marker != 0 and not 0xD0 <= marker <= 0xD7:
            raise ValueError(f"has a segment 0x{marker:02X} in or after its scan")
        at += 2
