"""The reader process of one camera: decodes, and hands over the newest frame whenever it is asked.

Run as `python -m edge.agent.sources.camera_reader --slot-fd N --out-fd M`. It is a process of its own because a
`read()` that never returns can only be killed from outside. Standard input brings one line of JSON (`ReaderOrder`;
not in the arguments, where every user of the machine could read the password) and then one byte for each frame
wanted; its end ends the process, so that no reader outlives its agent. Frames go into shared memory: a header of
64 bytes that begins with the sequence number, then BGR rows. The slot is written only between a request and its
answer, so no picture is ever torn and nothing can queue up. Answers are lines of JSON on `--out-fd`.
"""

import argparse
import json
import mmap
import os
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

HEADER_BYTES = 64
_SEQUENCE = struct.Struct("<Q")
_DEFAULT_FPS = 25.0
_LATE_S = 2.0
_MAX_ORDER_BYTES = 16 * 1024

CAPTURE_OPTIONS = "rtsp_transport;tcp"
"""For OPENCV_FFMPEG_CAPTURE_OPTIONS: UDP loses packets and gives grey smears that look like smoke."""


@dataclass(frozen=True, slots=True)
class ReaderOrder:
    """What to read, and how."""

    url: str
    stream: bool
    max_side_px: int
    open_timeout_ms: int
    read_timeout_ms: int
    loop: bool = False
    speed: float = 1.0
    masks: Sequence[Sequence[Sequence[float]]] = ()
    """Polygons of (x, y) in 0..1 that are painted black as soon as a frame is decoded."""

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


def slot_bytes(max_side_px: int) -> int:
    """Size of the shared memory for frames of at most this side."""
    return HEADER_BYTES + max_side_px * max_side_px * 3


def black_out(picture: npt.NDArray[np.uint8], masks: Sequence[Sequence[Sequence[float]]]) -> None:
    """Paint the masks black, in place and at full size, one pixel beyond their edge: reducing mixes nothing back in."""
    height_px, width_px = picture.shape[:2]
    for mask in masks:
        corners = np.rint(np.array(mask) * (width_px, height_px)).astype(np.int32)
        cv2.fillPoly(picture, [corners], (0, 0, 0))
        cv2.polylines(picture, [corners], isClosed=True, color=(0, 0, 0), thickness=3)


def main() -> None:
    """Read until the input ends, the file ends or the stream fails."""
    parser = argparse.ArgumentParser(
        description="Reads one camera for the agent; started by it, not by hand."
    )
    parser.add_argument("--slot-fd", type=int, required=True)
    parser.add_argument("--out-fd", type=int, required=True)
    arguments = parser.parse_args()
    order = ReaderOrder(**json.loads(_read_line()))
    requests = _Requests()
    requests.start()
    cv2.setNumThreads(1)
    hand_over = _HandOver(arguments.slot_fd, arguments.out_fd, order, requests)
    try:
        _play(order, hand_over)
    except _Failed as failure:
        hand_over.answer({"state": "failed", "reason": str(failure)})
    except cv2.error:
        hand_over.answer({"state": "failed", "reason": "the picture could not be decoded"})


class _Failed(Exception):
    """Reading cannot go on; the text says why and names no address."""


class _Requests(threading.Thread):
    """Turns bytes on standard input into a flag; ends the whole process when the input ends."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.pending = threading.Event()

    def run(self) -> None:
        while os.read(0, 64):
            self.pending.set()
        os._exit(0)


class _HandOver:
    """The shared slot and the answers."""

    def __init__(self, slot_fd: int, out_fd: int, order: ReaderOrder, requests: _Requests) -> None:
        self._memory = mmap.mmap(slot_fd, slot_bytes(order.max_side_px))
        self._out_fd = out_fd
        self._max_side_px = order.max_side_px
        self._masks = order.masks
        self._requests = requests
        self._sequence = 0

    def wait(self, until_s: float) -> bool:
        """Wait until the monotonic time `until_s`; True at once when a frame is wanted."""
        return self._requests.pending.wait(max(0.0, until_s - time.monotonic()))

    @property
    def wanted(self) -> bool:
        return self._requests.pending.is_set()

    def give(self, picture: npt.NDArray[np.uint8], taken_s: float) -> None:
        """Put a picture into the slot, masked and reduced, and say so."""
        self._requests.pending.clear()
        black_out(picture, self._masks)
        if picture.ndim == 2:
            picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
        height_px, width_px = picture.shape[:2]
        scale = min(1.0, self._max_side_px / max(height_px, width_px))
        size = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
        pixels = np.frombuffer(
            self._memory, np.uint8, count=size[0] * size[1] * 3, offset=HEADER_BYTES
        ).reshape(size[1], size[0], 3)
        if scale < 1.0:
            cv2.resize(picture, size, dst=pixels, interpolation=cv2.INTER_AREA)
        else:
            np.copyto(pixels, picture)
        self._sequence += 1
        _SEQUENCE.pack_into(self._memory, 0, self._sequence)
        age_ms = max(0, round(1000 * (time.monotonic() - taken_s)))
        self.answer(
            {"state": "frame", "seq": self._sequence, "width": size[0], "height": size[1], "age_ms": age_ms}
        )

    def answer(self, message: dict[str, str | int | float]) -> None:
        try:
            os.write(self._out_fd, json.dumps(message).encode() + b"\n")
        except BrokenPipeError:
            os._exit(0)


def _play(order: ReaderOrder, hand_over: _HandOver) -> None:
    if order.stream:
        _play_stream(_open(order), hand_over)
        return
    first_s = time.monotonic()
    frames = 0
    while True:
        capture = _open(order)
        played = _play_file(capture, order, hand_over, first_s, frames)
        capture.release()
        if played.frames == frames:
            raise _Failed("the file holds no frame that can be decoded")
        if not order.loop:
            hand_over.answer({"state": "ended"})
            return
        first_s, frames = played.first_s, played.frames


def _play_stream(capture: cv2.VideoCapture, hand_over: _HandOver) -> None:
    """Take every frame off the wire, so that none grows old in a buffer; hand over when wanted."""
    while capture.grab():
        taken_s = time.monotonic()
        if hand_over.wanted:
            _give(capture, hand_over, taken_s)
    raise _Failed("the stream ended or fell silent")


@dataclass(frozen=True, slots=True)
class _Played:
    first_s: float
    frames: int


def _play_file(
    capture: cv2.VideoCapture, order: ReaderOrder, hand_over: _HandOver, first_s: float, frames: int
) -> _Played:
    """Play to the end at the file's own pace: frame i is due at `first_s` + i / fps, whatever the frames before took."""
    period_s = 1.0 / (_fps(capture) * order.speed)
    taken_s, given = 0.0, True
    while True:
        due_s = first_s + frames * period_s
        now_s = time.monotonic()
        if now_s - due_s > _LATE_S:
            first_s, due_s = first_s + now_s - due_s, now_s
        if not given and hand_over.wait(due_s):
            _give(capture, hand_over, taken_s)
        time.sleep(max(0.0, due_s - time.monotonic()))
        if not capture.grab():
            return _Played(first_s, frames)
        frames += 1
        taken_s = time.monotonic()
        given = hand_over.wanted
        if given:
            _give(capture, hand_over, taken_s)


def _give(capture: cv2.VideoCapture, hand_over: _HandOver, taken_s: float) -> None:
    decoded, picture = capture.retrieve()
    if decoded:
        hand_over.give(np.asarray(picture, dtype=np.uint8), taken_s)


def _open(order: ReaderOrder) -> cv2.VideoCapture:
    if not order.stream and not Path(order.url).exists():
        raise _Failed("there is no such file")
    capture = cv2.VideoCapture(
        order.url,
        cv2.CAP_FFMPEG,
        [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            order.open_timeout_ms,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            order.read_timeout_ms,
            cv2.CAP_PROP_N_THREADS,
            1,
        ],
    )
    if not capture.isOpened():
        raise _Failed("it could not be opened: check address, user, password and that it is a video")
    return capture


def _fps(capture: cv2.VideoCapture) -> float:
    fps = capture.get(cv2.CAP_PROP_FPS)
    return fps if 0.5 <= fps <= 240 else _DEFAULT_FPS


def _read_line() -> bytes:
    """The order, byte by byte: what follows it belongs to the thread that waits for requests."""
    line = bytearray()
    while len(line) < _MAX_ORDER_BYTES:
        byte = os.read(0, 1)
        if byte in (b"", b"\n"):
            break
        line += byte
    return bytes(line)


if __name__ == "__main__":
    main()
