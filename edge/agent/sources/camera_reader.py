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
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.agent.sources.camera_opening import Capture, Failed, describe, open_capture, playing_fps
from edge.agent.sources.camera_order import HEADER_BYTES, CameraKind, ReaderOrder, parse_order, slot_bytes

_SEQUENCE = struct.Struct("<Q")
_LATE_S = 2.0
_EARLY_S = 0.001
_MAX_ORDER_BYTES = 16 * 1024
_NO_FRAME = "the file holds no frame that can be decoded"


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
    order = parse_order(_read_line())
    requests = Requests()
    requests.start()
    cv2.setNumThreads(1)
    hand_over = HandOver(arguments.slot_fd, arguments.out_fd, order, requests)
    try:
        play(order, hand_over)
    except Failed as failure:
        hand_over.answer({"state": "failed", "reason": str(failure)})
    except cv2.error:
        hand_over.answer({"state": "failed", "reason": "the picture could not be decoded"})


class Requests(threading.Thread):
    """Turns bytes on standard input into a flag; ends the whole process when the input ends."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.pending = threading.Event()

    def run(self) -> None:
        while os.read(0, 64):
            self.pending.set()
        os._exit(0)


@dataclass(frozen=True, slots=True)
class Taken:
    """When a frame was taken: monotonic seconds, how many were read by then, and its time in a clip read in steps."""

    mono_s: float
    frames: int
    clip_ms: int = 0


class HandOver:
    """The shared slot and the answers."""

    def __init__(self, slot_fd: int, out_fd: int, order: ReaderOrder, requests: Requests) -> None:
        self._memory = mmap.mmap(slot_fd, slot_bytes(order.max_side_px))
        self._out_fd = out_fd
        self._max_side_px = order.max_side_px
        self._masks = order.masks
        self._requests = requests
        self._sequence = 0

    def wait(self, until_s: float | None = None) -> bool:
        """Wait until the monotonic time `until_s`, or for ever; True at once when a frame is wanted."""
        return self._requests.pending.wait(None if until_s is None else max(0.0, until_s - time.monotonic()))

    @property
    def wanted(self) -> bool:
        return self._requests.pending.is_set()

    def give(self, picture: npt.NDArray[np.uint8], taken: Taken) -> None:
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
        self.answer(
            {
                "state": "frame",
                "seq": self._sequence,
                "width": size[0],
                "height": size[1],
                "age_ms": max(0, round(1000 * (time.monotonic() - taken.mono_s))),
                "read": taken.frames,
                "clip_ms": taken.clip_ms,
                "camera_width": width_px,
                "camera_height": height_px,
            }
        )

    def answer(self, message: dict[str, str | int | float]) -> None:
        try:
            os.write(self._out_fd, json.dumps(message).encode() + b"\n")
        except BrokenPipeError:
            os._exit(0)


def play(
    order: ReaderOrder, hand_over: HandOver, opened: Callable[[ReaderOrder], Capture] = open_capture
) -> None:
    """Read what is ordered, to its end. Raises Failed."""
    capture = opened(order)
    hand_over.answer({"state": "opened", **asdict(describe(capture))})
    if order.kind is not CameraKind.FILE:
        _play_stream(capture, hand_over)
    elif order.step_s is not None:
        _play_steps(capture, order.step_s, hand_over)
    else:
        _play_files(capture, order, hand_over, opened)
    hand_over.answer({"state": "ended"})


def _play_stream(capture: Capture, hand_over: HandOver) -> None:
    """Take every frame off the wire, so that none grows old in a buffer; hand over when wanted."""
    frames = 0
    while capture.grab():
        taken_s = time.monotonic()
        frames += 1
        if hand_over.wanted:
            _give(capture, hand_over, Taken(taken_s, frames))
    raise Failed("the stream ended or fell silent")


def _play_steps(capture: Capture, step_s: float, hand_over: HandOver) -> None:
    """The first frame of each step of the file's own time; decodes ahead by one and waits until it is wanted."""
    fps = playing_fps(capture)
    frames, at_s, due_s = 0, 0.0, 0.0
    while capture.grab():
        told_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        # A file that tells no times, or such as run backwards, is taken at its frame rate.
        guess_s = at_s + 1 / fps if frames else 0.0
        at_s = told_s if told_s > at_s else guess_s
        frames += 1
        if at_s + _EARLY_S < due_s:
            continue
        due_s = max(due_s + step_s, at_s)
        hand_over.wait()
        _give(capture, hand_over, Taken(time.monotonic(), frames, round(1000 * at_s)))
    if not frames:
        raise Failed(_NO_FRAME)


def _play_files(
    capture: Capture, order: ReaderOrder, hand_over: HandOver, opened: Callable[[ReaderOrder], Capture]
) -> None:
    """Against the clock, once or again and again."""
    first_s = time.monotonic()
    frames = 0
    while True:
        played = _play_file(capture, order, hand_over, first_s, frames)
        capture.release()
        if played.frames == frames:
            raise Failed(_NO_FRAME)
        if not order.loop:
            return
        first_s, frames = played.first_s, played.frames
        capture = opened(order)


@dataclass(frozen=True, slots=True)
class _Played:
    first_s: float
    frames: int


def _play_file(
    capture: Capture, order: ReaderOrder, hand_over: HandOver, first_s: float, frames: int
) -> _Played:
    """Play to the end at the file's own pace: frame i is due at `first_s` + i / fps, whatever the frames before took."""
    period_s = 1.0 / (playing_fps(capture) * order.speed)
    taken_s, given = 0.0, True
    while True:
        due_s = first_s + frames * period_s
        now_s = time.monotonic()
        if now_s - due_s > _LATE_S:
            first_s, due_s = first_s + now_s - due_s, now_s
        if not given and hand_over.wait(due_s):
            _give(capture, hand_over, Taken(taken_s, frames))
        time.sleep(max(0.0, due_s - time.monotonic()))
        if not capture.grab():
            return _Played(first_s, frames)
        frames += 1
        taken_s = time.monotonic()
        given = hand_over.wanted
        if given:
            _give(capture, hand_over, Taken(taken_s, frames))


def _give(capture: Capture, hand_over: HandOver, taken: Taken) -> None:
    decoded, picture = capture.retrieve()
    if decoded:
        hand_over.give(np.asarray(picture, dtype=np.uint8), taken)


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
