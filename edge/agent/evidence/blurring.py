"""From a raw frame to a picture in which nobody can be recognised, and from that to a JPEG. The only file that encodes.

What is thrown away is resolution, by averaging: it cannot be computed back from one picture.

| | cells along the longer side | why |
|---|---|---|
| no model finds people | 64 for the whole frame | a head that is a fifth of the frame's height is 7 cells high: no face |
| a model finds people | 160 for the whole frame | a person whom the model missed is far away or small: a head below a tenth of the height has 9 cells at most |
| each person found, enlarged by 15 % | 6 cells along the person's longer side | a head of a whole person is one cell, of a bust two |

Colour and shape of flames and smoke stay at 64 cells: a flame of a twentieth of the frame is three cells wide.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.agent.observation import BlurredJpeg
from edge.agent.pipeline import Image
from edge.agent.policy.zones import Point
from redwhistle.contracts.evidence import Method
from redwhistle.contracts.jpeg import read_size
from redwhistle.contracts.wire import MAX_EVIDENCE_BYTES
from redwhistle.errors import SourceError

FRAME_CELLS = 64
FRAME_CELLS_WITH_MODEL = 160
PERSON_CELLS = 6
PERSON_MARGIN = 0.15
LEAST_CELL_PX = 4
"""However small the frame is, this many of its pixels become one."""
OUTPUT_SIDE_PX = 640
_QUALITIES = (80, 65, 50, 35, 20)
_SEAL: Final = object()

_FILM_CODEC = "mp4v"
_FONT, _FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.45

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to draw on a picture: a line through `corners` (x, y in 0..1), and a word of ASCII at its first corner."""

    corners: tuple[Point, ...]
    colour_bgr: tuple[int, int, int]
    word: str = ""
    closed: bool = True


class Blurred:
    """A picture in which nobody can be recognised. `blur` alone can make one; `encode` and a film take nothing else."""

    __slots__ = ("_pixels_bgr", "method", "people")

    def __init__(self, seal: object, pixels_bgr: Image, people: int, method: Method) -> None:
        if seal is not _SEAL:
            raise TypeError("a blurred picture is made by blur(), from a frame, and in no other way")
        self._pixels_bgr = pixels_bgr
        self.people = people
        self.method = method

    @property
    def size_px(self) -> tuple[int, int]:
        """Width, height."""
        height_px, width_px = self._pixels_bgr.shape[:2]
        return width_px, height_px


def blur(image_bgr: Image, people_xyxy_px: Sequence[Box] | None, masks: Sequence[Sequence[Point]]) -> Blurred:
    """`people_xyxy_px` are the people that a model found; None: no model looked. `masks` stay black."""
    height_px, width_px = image_bgr.shape[:2]
    longer_px = max(height_px, width_px)
    cells = FRAME_CELLS if people_xyxy_px is None else FRAME_CELLS_WITH_MODEL
    cell_px = max(longer_px / cells, float(LEAST_CELL_PX))
    shrink = min(1.0, OUTPUT_SIDE_PX / longer_px)
    size = (max(1, round(width_px * shrink)), max(1, round(height_px * shrink)))
    picture = _coarsen(image_bgr, cell_px, size)
    people = people_xyxy_px or ()
    for box in people:
        _cover(picture, image_bgr, box, cell_px)
    for mask in masks:
        corners = np.array([[(x * size[0], y * size[1]) for x, y in mask]])
        cv2.fillPoly(picture, np.rint(corners).astype(np.int32), (0, 0, 0))
    method = Method.WHOLE_FRAME if people_xyxy_px is None else Method.PEOPLE_AND_FRAME
    return Blurred(_SEAL, picture, min(len(people), 1000), method)


def annotate(blurred: Blurred, marks: Sequence[Mark]) -> None:
    """Draw on the picture, which is blurred already: there is nothing left that a mark could uncover."""
    pixels = blurred._pixels_bgr  # noqa: SLF001  the seal is this module's own
    height_px, width_px = pixels.shape[:2]
    for mark in marks:
        corners = np.rint(np.array(mark.corners) * (width_px - 1, height_px - 1)).astype(np.int32)
        cv2.polylines(pixels, [corners], isClosed=mark.closed, color=mark.colour_bgr, thickness=2)
        if mark.word:
            x, y = (int(value) for value in corners[0])
            (wide, high), _ = cv2.getTextSize(mark.word, _FONT, _FONT_SCALE, 1)
            left, low = min(max(x, 0), max(0, width_px - wide)), min(max(y + high + 3, high), height_px - 3)
            cv2.rectangle(pixels, (left, low - high - 2), (left + wide, low + 3), (0, 0, 0), cv2.FILLED)
            cv2.putText(pixels, mark.word, (left, low), _FONT, _FONT_SCALE, mark.colour_bgr, 1, cv2.LINE_AA)


class BlurredFilm:
    """An MP4 file of blurred pictures, all of the size of the first."""

    def __init__(self, path: str, fps: float) -> None:
        """Nothing is written yet. Raises SourceError for another kind of file."""
        if not path.lower().endswith(".mp4"):
            raise SourceError(f"{path}: the video is an MP4: give a name that ends with .mp4")
        self._path = path
        self._fps = fps
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def add(self, blurred: Blurred) -> None:
        """Write one picture. Raises SourceError when the file cannot be written."""
        if self._writer is None:
            self._size = blurred.size_px
            self._writer = cv2.VideoWriter(
                self._path, cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*_FILM_CODEC), self._fps, self._size
            )
            if not self._writer.isOpened():
                raise SourceError(
                    f"{self._path}: cannot be written; give another path, and see that there is room"
                )
        pixels = blurred._pixels_bgr  # noqa: SLF001  the seal is this module's own
        if blurred.size_px != self._size:
            pixels = np.asarray(
                cv2.resize(pixels, self._size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8
            )
        self._writer.write(pixels)

    def close(self) -> None:
        """Finish the file; safe to call twice."""
        if self._writer is not None:
            self._writer.release()


def encode(blurred: Blurred) -> tuple[BlurredJpeg, tuple[int, int]]:
    """A plain JPEG of at most 64 KiB, and its width and height in pixels. Raises SourceError when it cannot be made."""
    pixels = blurred._pixels_bgr  # noqa: SLF001  the seal is this module's own
    while min(pixels.shape[:2]) >= 1:
        for quality in _QUALITIES:
            done, encoded = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, quality))
            jpeg = encoded.tobytes() if done else b""
            if done and len(jpeg) <= MAX_EVIDENCE_BYTES:
                try:
                    return BlurredJpeg(jpeg), read_size(jpeg)
                except ValueError as error:
                    raise SourceError(
                        f"the picture of an alarm cannot be sent: the encoder's JPEG {error}"
                    ) from error
        height_px, width_px = pixels.shape[:2]
        smaller = (max(1, width_px // 2), max(1, height_px // 2))
        pixels = np.asarray(cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    raise SourceError("the picture of an alarm cannot be encoded")


def _coarsen(region_bgr: Image, cell_px: float, size_px: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """The region as cells of at least `cell_px`, each of one colour, brought to `size_px` (width, height)."""
    height_px, width_px = region_bgr.shape[:2]
    cells = (max(1, math.floor(width_px / cell_px)), max(1, math.floor(height_px / cell_px)))
    small = cv2.resize(region_bgr, cells, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, size_px, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def _cover(picture: npt.NDArray[np.uint8], image_bgr: Image, box: Box, cell_px: float) -> None:
    """Put a much coarser picture of the person over the place where the person is."""
    height_px, width_px = image_bgr.shape[:2]
    x1, y1, x2, y2 = box
    margin_x, margin_y = PERSON_MARGIN * (x2 - x1), PERSON_MARGIN * (y2 - y1)
    left, right = _span(x1 - margin_x, x2 + margin_x, width_px)
    top, bottom = _span(y1 - margin_y, y2 + margin_y, height_px)
    if right <= left or bottom <= top:
        return
    person_cell_px = max(cell_px, max(right - left, bottom - top) / PERSON_CELLS)
    scale_x, scale_y = picture.shape[1] / width_px, picture.shape[0] / height_px
    out_left, out_right = math.floor(left * scale_x), math.ceil(right * scale_x)
    out_top, out_bottom = math.floor(top * scale_y), math.ceil(bottom * scale_y)
    picture[out_top:out_bottom, out_left:out_right] = _coarsen(
        image_bgr[top:bottom, left:right], person_cell_px, (out_right - out_left, out_bottom - out_top)
    )


def _span(low: float, high: float, side_px: int) -> tuple[int, int]:
    """Whole pixels that hold the span, within the frame; nothing for numbers that are none."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0, 0
    return max(0, math.floor(low)), min(side_px, math.ceil(high))
