"""The agent's end of a reader process: start it, ask it, hear it, kill it."""

import contextlib
import json
import mmap
import os
import select
import struct
import subprocess
import sys
from dataclasses import dataclass

import numpy as np

from edge.agent.pipeline import Image
from edge.agent.sources.camera_opening import FFMPEG_WARNINGS, STREAM_OPTIONS, StreamFacts
from edge.agent.sources.camera_order import HEADER_BYTES, CameraKind, ReaderOrder, slot_bytes
from redwhistle.errors import SourceError

_SEQUENCE = struct.Struct("<Q")
_KILL_WAIT_S = 5.0
_MAX_LINE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class FrameReady:
    """The slot holds a new frame; `image_bgr` is a read-only view of it, valid until the next `ask`."""

    image_bgr: Image
    age_ms: int
    read: int = 0
    """Frames that the reader has taken from the camera so far, those that nobody asked for among them."""
    clip_ms: int = 0
    """The frame's time in a clip that is read in steps."""
    camera_px: tuple[int, int] = (0, 0)
    """Width and height as the camera gave it, before it was reduced."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The camera answered; comes once, before the first frame, and may come before one is asked for."""

    facts: StreamFacts


@dataclass(frozen=True, slots=True)
class Ended:
    """The file was played to its end."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The process cannot go on, or is gone."""

    reason: str


Answer = Opened | FrameReady | Ended | Gone


class ReaderProcess:
    """One reader, from its start to its end; a new one has new memory, so nothing of a killed one is left."""

    def __init__(self, order: ReaderOrder) -> None:
        """Start it. Raises SourceError when the system gives no process or no memory."""
        self._received = b""
        self._closed = False
        try:
            self._start(order)
        except OSError as error:
            raise SourceError(f"a camera reader cannot be started: {error.strerror}") from error

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self) -> None:
        """Ask for the newest frame; only when the last one asked for has come and is no longer looked at."""
        self._write(b"n")

    def wait(self, timeout_s: float) -> Answer | None:
        """The next answer, or None after `timeout_s`."""
        while b"\n" not in self._received:
            if not select.select([self._answers], [], [], timeout_s)[0]:
                return None
            data = os.read(self._answers, _MAX_LINE_BYTES)
            if not data or len(self._received) > _MAX_LINE_BYTES:
                return Gone(self._describe_end())
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return self._read_answer(line)

    def close(self) -> None:
        """Kill it and wait for it; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            self._process.kill()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        # A process that hangs in the kernel cannot be reaped now; the system does it when it lets go.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_WAIT_S)
        os.close(self._answers)

    def _start(self, order: ReaderOrder) -> None:
        size = slot_bytes(order.max_side_px)
        slot_fd = os.memfd_create("camera-slot")
        answers, out_fd = os.pipe()
        try:
            os.ftruncate(slot_fd, size)
            self._memory = mmap.mmap(slot_fd, size, prot=mmap.PROT_READ)
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "edge.agent.sources.camera_reader",
                    "--slot-fd",
                    str(slot_fd),
                    "--out-fd",
                    str(out_fd),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # FFmpeg writes addresses with passwords to both
                bufsize=0,
                pass_fds=(slot_fd, out_fd),
                env=_environment(order.kind),
                start_new_session=True,
            )
        except OSError:
            os.close(answers)
            raise
        finally:
            os.close(slot_fd)
            os.close(out_fd)
        self._answers = answers
        self._write(order.to_line())

    def _write(self, data: bytes) -> None:
        if self._process.stdin is not None:
            # A reader that is gone is noticed by its answers' end.
            with contextlib.suppress(OSError):
                self._process.stdin.write(data)

    def _read_answer(self, line: bytes) -> Answer:
        try:
            message = json.loads(line)
            if message["state"] == "frame":
                return self._frame(message)
            if message["state"] == "opened":
                return Opened(
                    StreamFacts(message["width_px"], message["height_px"], message["fps"], message["codec"])
                )
            if message["state"] == "ended":
                return Ended()
            return Gone(str(message["reason"]))
        except (ValueError, KeyError, TypeError) as error:
            return Gone(f"the reader's answer cannot be read: {error}")

    def _frame(self, message: dict[str, int]) -> FrameReady | Gone:
        written = _SEQUENCE.unpack_from(self._memory, 0)[0]
        if written != message["seq"]:
            return Gone(f"the reader announced frame {message['seq']} and wrote frame {written}")
        height_px, width_px = message["height"], message["width"]
        pixels = np.frombuffer(self._memory, np.uint8, count=width_px * height_px * 3, offset=HEADER_BYTES)
        image_bgr = pixels.reshape(height_px, width_px, 3)
        return FrameReady(
            image_bgr,
            message["age_ms"],
            message["read"],
            message["clip_ms"],
            (message["camera_width"], message["camera_height"]),
        )

    def _describe_end(self) -> str:
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return "the reader closed its answers"
        return (
            f"the reader was killed by signal {-code}" if code < 0 else f"the reader ended with code {code}"
        )


def _environment(kind: CameraKind) -> dict[str, str]:
    """The reader's environment: decoder options live there and nowhere else, and its threads are bounded."""
    return {
        **os.environ,
        "OPENCV_FFMPEG_CAPTURE_OPTIONS": STREAM_OPTIONS if kind is CameraKind.STREAM else "",
        "OPENCV_LOG_LEVEL": "SILENT",
        "OPENCV_FFMPEG_LOGLEVEL": FFMPEG_WARNINGS,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
