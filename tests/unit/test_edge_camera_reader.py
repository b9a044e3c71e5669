"""The reader's loops with a capture in memory: live cameras are read to the newest frame, clips in steps of their own time."""

import json
import mmap
import os
import struct
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.pipeline import Image
from edge.agent.sources.camera_double import DoubleCapture
from edge.agent.sources.camera_opening import Failed
from edge.agent.sources.camera_order import HEADER_BYTES, CameraKind, ReaderOrder, slot_bytes
from edge.agent.sources.camera_reader import HandOver, play

SIDE_PX = 64


class Asked:
    """Stands for the agent: asks for each frame as soon as the last one came, or for every n-th."""

    def __init__(self, every: int = 1) -> None:
        self.pending = threading.Event()
        self.pending.set()
        self.every = every


class Agent:
    """The agent's end of the slot and of the answers."""

    def __init__(self, order: ReaderOrder) -> None:
        size = slot_bytes(order.max_side_px)
        slot = os.memfd_create("slot")
        os.ftruncate(slot, size)
        self._answers, out = os.pipe()
        self.requests = Asked()
        agent = self

        class Asking(HandOver):
            def answer(self, message: dict[str, Any]) -> None:
                super().answer(message)
                agent.hear(message)

        self._memory = mmap.mmap(slot, size, prot=mmap.PROT_READ)
        self.hand_over = Asking(slot, out, order, self.requests)  # type: ignore[arg-type]
        self.heard: list[dict[str, Any]] = []
        self.greys: list[int] = []
        self._fds = (slot, out, self._answers)

    def hear(self, message: dict[str, Any]) -> None:
        assert json.loads(os.read(self._answers, 4096)) == message
        self.heard.append(message)
        if message["state"] == "frame":
            assert struct.unpack_from("<Q", self._memory) == (message["seq"],)
            pixels = np.frombuffer(
                self._memory, np.uint8, message["width"] * message["height"] * 3, HEADER_BYTES
            )
            self.greys.append(int(pixels[-1]))
            self.requests.pending.set()

    def close(self) -> None:
        for fd in self._fds:
            os.close(fd)


def pictures(count: int) -> list[Image]:
    return [np.full((SIDE_PX, SIDE_PX, 3), number, np.uint8) for number in range(count)]


def order(kind: CameraKind, **fields: Any) -> ReaderOrder:
    return ReaderOrder("somewhere", kind, SIDE_PX, 1000, 1000, **fields)


def played(given_order: ReaderOrder, capture: DoubleCapture) -> Agent:
    agent = Agent(given_order)
    try:
        play(given_order, agent.hand_over, lambda _: capture)
    except Failed as failure:
        agent.heard.append({"state": "failed", "reason": str(failure)})
    finally:
        agent.close()
    return agent


@pytest.mark.parametrize("kind", [CameraKind.DEVICE, CameraKind.STREAM])
def test_a_live_camera_is_read_frame_by_frame_and_its_end_is_a_failure(kind: CameraKind) -> None:
    agent = played(order(kind), DoubleCapture(pictures(5), 15))
    opened, *frames, failed = agent.heard
    assert opened == {
        "state": "opened",
        "width_px": SIDE_PX,
        "height_px": SIDE_PX,
        "fps": 15,
        "codec": "MJPG",
    }
    assert [frame["read"] for frame in frames] == [1, 2, 3, 4, 5]
    assert agent.greys == [0, 1, 2, 3, 4]
    assert failed["reason"] == "the stream ended or fell silent"


class Undecodable(DoubleCapture):
    """A stream whose frames come for ever, each of them broken."""

    def grab(self) -> bool:
        return True

    def retrieve(self) -> tuple[bool, Image | None]:
        return False, None


def test_a_stream_of_which_nothing_can_be_decoded_is_given_up_with_a_reason() -> None:
    agent = played(replace(order(CameraKind.STREAM), read_timeout_ms=50), Undecodable([], 15))
    assert [each["state"] for each in agent.heard] == ["opened", "failed"]
    assert "codec" in agent.heard[-1]["reason"]


def test_masks_are_black_for_a_camera_at_this_machine_too() -> None:
    masks = [[[0.5, 0.5], [1.0, 0.5], [1.0, 1.0], [0.5, 1.0]]]
    white = np.full((SIDE_PX, SIDE_PX, 3), 255, np.uint8)
    assert played(order(CameraKind.DEVICE, masks=masks), DoubleCapture([white], 15)).greys == [0]


class Timed(DoubleCapture):
    """A clip whose frames say these times."""

    def __init__(self, times_s: Sequence[float], fps: float) -> None:
        super().__init__(pictures(len(times_s)), fps)
        self._times_s = times_s

    def get(self, propId: int, /) -> float:  # noqa: N803
        return 1000 * self._times_s[self._at] if propId == cv2.CAP_PROP_POS_MSEC else super().get(propId)


def in_steps(step_s: float, capture: DoubleCapture) -> list[int]:
    """Times of the frames given, in milliseconds of the clip."""
    agent = played(order(CameraKind.FILE, step_s=step_s), capture)
    assert agent.heard[-1] == {"state": "ended"}
    return [message["clip_ms"] for message in agent.heard if message["state"] == "frame"]


def test_a_clip_is_given_in_steps_of_its_own_time() -> None:
    assert in_steps(0.25, DoubleCapture(pictures(25), 20)) == [0, 250, 500, 750, 1000]
    assert in_steps(0.0, DoubleCapture(pictures(4), 20)) == [0, 50, 100, 150]


def test_a_clip_slower_than_the_steps_is_given_whole() -> None:
    assert in_steps(0.05, DoubleCapture(pictures(4), 2)) == [0, 500, 1000, 1500]


def test_steps_do_not_drift_when_they_fall_between_frames() -> None:
    """At 15 a second a frame comes each 67 ms; four a second stay four a second."""
    times_ms = in_steps(0.25, DoubleCapture(pictures(150), 15))
    assert len(times_ms) == 40
    assert times_ms[-1] == pytest.approx(9750, abs=67)


def test_after_a_gap_the_next_frame_is_due_at_once_as_with_a_live_camera_and_then_the_steps_go_on() -> None:
    assert in_steps(1.0, Timed([0, 0.5, 1, 7.3, 7.8, 8.4, 9], 2)) == [0, 1000, 7300, 7800, 8400]


@pytest.mark.parametrize("times_s", [[0.0] * 6, [0, -1, -2, -3, -4, -5], [0, 0.1, 0.1, 0.05, 0.1, 0.1]])
def test_a_clip_without_times_is_taken_at_its_rate(times_s: list[float]) -> None:
    assert in_steps(0.0, Timed(times_s, 10)) == [0, 100, 200, 300, 400, 500]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.floats(0, 5))
def test_whatever_times_a_clip_tells_those_given_rise(times_s: list[float], step_s: float) -> None:
    given_ms = in_steps(step_s, Timed(times_s, 10))
    assert given_ms == sorted(given_ms)
    assert 1 <= len(given_ms) <= len(times_s)
    assert given_ms[0] >= 0


def test_a_clip_without_a_frame_is_a_failure() -> None:
    agent = played(order(CameraKind.FILE, step_s=0.0), DoubleCapture([], 10))
    assert agent.heard[-1]["reason"] == "the file holds no frame that can be decoded"
