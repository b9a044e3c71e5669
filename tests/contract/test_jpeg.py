"""The reader of JPEG's structure: one plain picture, or a reason; nothing that could hide another one."""

import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redwhistle.contracts.jpeg import Size, read_size


def encoded(width_px: int = 64, height_px: int = 48, *options: int, grey: bool = False) -> bytes:
    rng = np.random.default_rng(1)
    shape = (height_px, width_px) if grey else (height_px, width_px, 3)
    done, jpeg = cv2.imencode(".jpg", rng.integers(0, 255, shape, dtype=np.uint8), options)
    assert done
    return jpeg.tobytes()


PLAIN = encoded()


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def with_segment(marker: int, body: bytes) -> bytes:
    """PLAIN with a segment after its JFIF header."""
    assert PLAIN[2:4] == b"\xff\xe0"
    return PLAIN[:20] + segment(marker, body) + PLAIN[20:]


@pytest.mark.parametrize(
    ("jpeg", "size"),
    [
        (PLAIN, Size(64, 48)),
        (encoded(1920, 1080), Size(1920, 1080)),
        (encoded(1080, 1920), Size(1080, 1920)),
        (encoded(8, 8, grey=True), Size(8, 8)),
        (encoded(64, 48, cv2.IMWRITE_JPEG_OPTIMIZE, 1), Size(64, 48)),
        (encoded(64, 48, cv2.IMWRITE_JPEG_RST_INTERVAL, 1), Size(64, 48)),
    ],
)
def test_a_plain_picture_has_a_size(jpeg: bytes, size: Size) -> None:
    assert read_size(jpeg) == size


@pytest.mark.parametrize(
    ("jpeg", "why"),
    [
        (b"", "start marker"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "start marker"),
        (PLAIN[:-2], "middle of its scan"),
        (PLAIN + b"\0", "goes on after its end"),
        (PLAIN + PLAIN, "goes on after its end"),
        (with_segment(0xE1, b"Exif\0\0" + PLAIN), "0xE1"),
        (with_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0"), "0xE1"),
        (with_segment(0xE2, b"MPF\0"), "0xE2"),
        (with_segment(0xFE, b"a comment"), "0xFE"),
        (with_segment(0xE0, b"JFXX\0\x10" + PLAIN), "JFIF"),
        (PLAIN[:18] + b"\1\1" + PLAIN[20:], "thumbnail"),
        (encoded(64, 48, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), "0xC2"),
        (encoded(1921, 8), "1921 x 8"),
        (encoded(1081, 1081), "1081 x 1081"),
        (b"\xff\xd8" + segment(0xDB, bytes(65)) * 65 + PLAIN[2:], "more than 64 segments"),
    ],
)
def test_anything_else_is_refused_with_the_reason(jpeg: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_size(jpeg)


@given(st.integers(2, len(PLAIN) - 1))
def test_cut_anywhere_it_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=r"ends|loses"):
        read_size(PLAIN[:length])


@given(st.integers(0, 20), st.sampled_from([*range(0xE1, 0xF0), 0xFE, 0xC2, 0xD8]), st.binary(max_size=60))
def test_nothing_is_hidden_between_two_segments(number: int, marker: int, body: bytes) -> None:
    borders, at = [20], 20
    while PLAIN[at + 1] != 0xDA:
        at += 2 + int.from_bytes(PLAIN[at + 2 : at + 4], "big")
        borders.append(at)
    border = borders[number % len(borders)]
    with pytest.raises(ValueError, match=f"0x{marker:02X}"):
        read_size(PLAIN[:border] + segment(marker, body) + PLAIN[border:])


@given(st.binary(max_size=300))
def test_any_bytes_give_a_size_or_a_value_error(payload: bytes) -> None:
    for bytes_ in (payload, b"\xff\xd8" + payload, PLAIN[:20] + payload):
        try:
            read_size(bytes_)
        except ValueError:
            continue
