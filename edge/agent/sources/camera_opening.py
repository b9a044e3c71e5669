"""Opens a camera for its reader: network streams and files through FFmpeg, cameras at this machine through Video4Linux."""

import ctypes
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2

from edge.agent.sources.camera_order import CameraKind, DeviceFormat, ReaderOrder

STREAM_OPTIONS = "rtsp_transport;tcp|fpsprobesize;0"
"""For OPENCV_FFMPEG_CAPTURE_OPTIONS. UDP loses packets and gives grey smears that look like smoke. FFmpeg would hold
back twenty frames to guess their rate: over a second more to the first picture, and that one over a second old."""
FFMPEG_WARNINGS = "24"
"""For OPENCV_FFMPEG_LOGLEVEL: from this level on FFmpeg says why an address cannot be opened."""
_DEFAULT_FPS = 25.0
_MOST_WORDS = 64 * 1024
_REASONS = (
    (("401 Unauthorized", "401 (Unauthorized)"), "the camera refuses user or password (401): correct them"),
    (("403 Forbidden", "403 (Forbidden)"), "the camera forbids this stream to this user (403): give it the right"),
    (("404 Not Found", "404 (Not Found)"), "the camera has no such stream (404): correct the path of the address"),
    (("Failed to resolve hostname",), "the host's name is not known: use its IP address, or correct the name server"),
    (("Connection refused",), "the connection is refused: check the port, and that the camera's service is on"),
    (("No route to host", "Network is unreachable"), "there is no way to the host: check cable, address and network"),
    (("Connection timed out", "Immediate exit requested"), "nothing answers there: check address, cable and power"),
    (("503 Service", "453 Not Enough", "(Not Enough Bandwidth)"), "the camera serves no more viewers: end another one"),
    (("moov atom not found", "Invalid data found"), "it is damaged or no video: record or copy it again"),
)  # fmt: skip
"""Words of FFmpeg, and what is said instead: its own words hold addresses with passwords."""


class Capture(Protocol):
    """What is used of `cv2.VideoCapture`."""

    def isOpened(self) -> bool:  # noqa: N802  OpenCV's name
        """Whether pictures can be expected."""

    def grab(self) -> bool:
        """Go to the next frame; False at the end, and when nothing came in time."""

    def retrieve(self) -> tuple[bool, Any]:
        """Decode it: whether that worked, and the picture (height, width, 3), BGR, the caller's own."""

    def get(self, propId: int, /) -> float:  # noqa: N803
        """A property, 0 when it is not known."""

    def release(self) -> None:
        """Let go of it."""


class Failed(Exception):
    """Reading cannot go on; the text says why and what to do, and names no address."""


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a stream says of itself; 0 and "" where it does not."""

    width_px: int
    height_px: int
    fps: float
    codec: str


def open_capture(order: ReaderOrder) -> Capture:
    """Open what is ordered. Raises Failed."""
    if order.kind is CameraKind.DEVICE:
        return _open_device(order)
    if order.kind is CameraKind.FILE and not Path(order.url).exists():
        raise Failed("there is no such file")
    if order.kind is CameraKind.FILE and Path(order.url).is_dir():
        raise Failed("it is a folder: give the path of a video file")
    options = (
        (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, order.open_timeout_ms),
        (cv2.CAP_PROP_READ_TIMEOUT_MSEC, order.read_timeout_ms),
        (cv2.CAP_PROP_N_THREADS, 1),
    )
    with _overheard() as words:
        capture = cv2.VideoCapture(order.url, cv2.CAP_FFMPEG, [n for option in options for n in option])
    if not capture.isOpened():
        raise Failed(explain(b"".join(words).decode(errors="replace")))
    if order.kind is CameraKind.STREAM and describe(capture).width_px == 0:
        # FFmpeg ran out of time before the first key frame; of such a capture no picture can ever be had.
        capture.release()
        raise Failed(
            "the camera answers, but no whole picture came in time: set its key frame (I-frame) interval to 1 or 2 s "
            "and no smart codec, or raise open_timeout_s"
        )
    return capture


def explain(words: str) -> str:
    """What to say, by what FFmpeg said when it could not open an address; none of its words are in it."""
    for signs, reason in _REASONS:
        if any(sign in words for sign in signs):
            return f"it could not be opened: {reason}"
    return "it could not be opened: check address, user, password and that it is a video"


def describe(capture: Capture) -> StreamFacts:
    """What the opened stream says of itself."""
    fps = capture.get(cv2.CAP_PROP_FPS)
    return StreamFacts(
        width_px=_whole(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
        height_px=_whole(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        fps=round(fps, 3) if 0 < fps <= 1000 else 0.0,
        codec=_four_characters(_whole(capture.get(cv2.CAP_PROP_FOURCC))),
    )


def playing_fps(capture: Capture) -> float:
    """Frames a second at which a file is to be played."""
    fps = capture.get(cv2.CAP_PROP_FPS)
    return fps if 0.5 <= fps <= 240 else _DEFAULT_FPS


def device_options(wanted: DeviceFormat) -> list[int]:
    """Properties and values for Video4Linux; the pixels' format first: sizes and rates depend on it."""
    return [
        cv2.CAP_PROP_FOURCC,
        cv2.VideoWriter.fourcc(*wanted.pixels),
        cv2.CAP_PROP_FRAME_WIDTH,
        wanted.width_px,
        cv2.CAP_PROP_FRAME_HEIGHT,
        wanted.height_px,
        cv2.CAP_PROP_FPS,
        round(wanted.fps),
        cv2.CAP_PROP_BUFFERSIZE,
        1,
    ]


def _open_device(order: ReaderOrder) -> Capture:
    path = Path(order.url)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
    except FileNotFoundError:
        raise Failed(f"there is no {path}: plug the camera in, and see which /dev/video it is") from None
    except PermissionError:
        raise Failed(f"{path} may not be opened: add the agent's user to the group video") from None
    except OSError as error:
        raise Failed(f"{path} cannot be opened ({error.strerror}): unplug it and plug it in again") from None
    if not path.is_char_device():
        raise Failed(f"{path} is no device: give a /dev/video…, or the path of a video file without v4l2://")
    options: Sequence[int] = [] if order.device is None else device_options(order.device)
    capture = cv2.VideoCapture(str(path), cv2.CAP_V4L2, options)
    if not capture.isOpened():
        raise Failed(
            f"{path} gives no picture: it is no camera (another /dev/video of it may be), has no such format, "
            "or another program uses it"
        )
    return capture


@contextmanager
def _overheard() -> Iterator[list[bytes]]:
    """What native code writes to standard output and standard error meanwhile; it goes nowhere else."""
    words: list[bytes] = []
    flush = ctypes.CDLL(None).fflush
    flush(None)
    listening = os.memfd_create("words")
    kept = [(fd, os.dup(fd)) for fd in (1, 2)]
    try:
        for fd, _ in kept:
            os.dup2(listening, fd)
        yield words
    finally:
        flush(None)
        for fd, copy in kept:
            os.dup2(copy, fd)
            os.close(copy)
        words.append(os.pread(listening, _MOST_WORDS, 0))
        os.close(listening)


def _whole(value: float) -> int:
    return int(value) if 0 <= value < 2**32 else 0


def _four_characters(code: int) -> str:
    text = code.to_bytes(4, "little").decode("ascii", errors="replace").strip("\0 ")
    return text if text.isprintable() and text.isascii() else ""
