"""Opening a camera: the double passes what a real capture passes; what cannot be opened is explained, without its address."""

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.pipeline import Image
from edge.agent.sources.camera_double import DoubleCapture
from edge.agent.sources.camera_opening import (
    Capture,
    Failed,
    StreamFacts,
    describe,
    device_options,
    explain,
    open_capture,
    playing_fps,
)
from edge.agent.sources.camera_order import CameraKind, DeviceFormat, ReaderOrder, parse_order

WIDTH_PX, HEIGHT_PX, FPS, FRAMES = 160, 96, 10, 6
MakeCapture = Callable[[], Capture]


def picture(number: int) -> Image:
    return np.full((HEIGHT_PX, WIDTH_PX, 3), 30 + 30 * number, np.uint8)


def order(url: object, kind: CameraKind = CameraKind.FILE, device: DeviceFormat | None = None) -> ReaderOrder:
    return ReaderOrder(str(url), kind, 640, 2000, 2000, device=device)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "steps.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (WIDTH_PX, HEIGHT_PX))
    for number in range(FRAMES):
        writer.write(picture(number))
    writer.release()
    return path


@pytest.fixture(params=["real", "double"])
def make(request: pytest.FixtureRequest, clip: Path) -> MakeCapture:
    if request.param == "real":
        return lambda: open_capture(order(clip))
    return lambda: DoubleCapture([picture(number) for number in range(FRAMES)], FPS)


def test_a_capture_describes_itself(make: MakeCapture) -> None:
    capture = make()
    assert capture.isOpened()
    assert describe(capture) == StreamFacts(WIDTH_PX, HEIGHT_PX, FPS, "MJPG")
    assert playing_fps(capture) == FPS


def test_a_capture_gives_each_frame_once_and_then_none(make: MakeCapture) -> None:
    capture = make()
    means, times_ms = [], []
    while capture.grab():
        done, image_bgr = capture.retrieve()
        assert done
        assert image_bgr.shape == (HEIGHT_PX, WIDTH_PX, 3)
        assert image_bgr.flags.writeable
        means.append(round(float(image_bgr.mean()) / 30) - 1)
        times_ms.append(round(capture.get(cv2.CAP_PROP_POS_MSEC)))
    assert means == list(range(FRAMES))
    assert times_ms == [100 * number for number in range(FRAMES)]
    assert not capture.grab()


def test_what_is_painted_on_a_picture_is_not_in_the_next(make: MakeCapture) -> None:
    capture = make()
    capture.grab()
    capture.retrieve()[1][:] = 0
    capture.grab()
    assert capture.retrieve()[1].mean() > 30


def test_a_released_capture_gives_nothing(make: MakeCapture) -> None:
    capture = make()
    capture.release()
    capture.release()
    assert not capture.isOpened()
    assert not capture.grab()
    assert not capture.retrieve()[0]
    assert describe(capture) == StreamFacts(0, 0, 0.0, "")


class Odd(DoubleCapture):
    """Tells whatever it is given, as broken streams do."""

    def __init__(self, value: float) -> None:
        super().__init__([], 1)
        self._value = value

    def get(self, propId: int, /) -> float:  # noqa: ARG002, N803
        return self._value


@given(st.floats())
def test_whatever_a_stream_says_of_itself_is_bounded(value: float) -> None:
    facts = describe(Odd(value))
    assert 0 <= facts.width_px < 2**32
    assert 0 <= facts.fps <= 1000
    assert facts.codec.isascii()
    assert 0.5 <= playing_fps(Odd(value)) <= 240


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("[OPENCV:FFMPEG:16] method DESCRIBE failed: 401 (Unauthorized)\n", "refuses user or password"),
        ("[OPENCV:FFMPEG:24] HTTP error 401 Unauthorized\n", "refuses user or password"),
        ("[OPENCV:FFMPEG:24] HTTP error 404 Not Found\n", "no such stream"),
        ("[OPENCV:FFMPEG:16] Connection to tcp://127.0.0.1:9?timeout=0 failed: Connection refused", "port"),
        ("[OPENCV:FFMPEG:16] Failed to resolve hostname nosuch: Name or service not known", "IP address"),
        ("[OPENCV:FFMPEG:24] Failed reading RTSP data: Immediate exit requested", "nothing answers"),
        ("[OPENCV:FFMPEG:16] moov atom not found", "damaged or no video"),
        ("", "check address, user, password"),
    ],
)
def test_ffmpegs_words_become_what_to_do(words: str, says: str) -> None:
    assert says in explain(words)


@given(st.text())
def test_none_of_its_words_come_through(words: str) -> None:
    """They hold addresses, and addresses hold passwords."""
    secret = "hidden-0815"
    assert secret not in explain(f"{words} rtsp://admin:{secret}@10.0.0.7 {words} 404 Not Found")


@given(st.binary(max_size=3000))
def test_any_bytes_as_a_clip_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("noise") / "clip.mp4"
    path.write_bytes(data)
    try:
        capture = open_capture(order(path))
    except Failed:
        return
    for _ in range(5):
        if not capture.grab():
            break
        capture.retrieve()
    capture.release()


def test_what_native_code_says_meanwhile_comes_nowhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "noise.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(500))
    with pytest.raises(Failed):
        open_capture(order(tmp_path / "noise.mp4"))
    os.write(1, b"out again\n")
    os.write(2, b"err again\n")
    assert capfd.readouterr() == ("out again\n", "err again\n")


def test_a_camera_at_this_machine_that_is_not_there_is_explained(tmp_path: Path) -> None:
    wanted = DeviceFormat(640, 480, 15, "MJPG")
    with pytest.raises(Failed, match=r"there is no .*video9: plug the camera in"):
        open_capture(order(tmp_path / "video9", CameraKind.DEVICE, wanted))
    (tmp_path / "video8").write_bytes(b"no device")
    with pytest.raises(Failed, match="is no device: give a /dev/video"):
        open_capture(order(tmp_path / "video8", CameraKind.DEVICE, wanted))
    with pytest.raises(Failed, match="gives no picture: it is no camera"):
        open_capture(order("/dev/null", CameraKind.DEVICE, wanted))


def test_a_folder_is_no_clip(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="folder"):
        open_capture(order(tmp_path))


def test_the_format_is_asked_for_before_size_and_rate() -> None:
    options = device_options(DeviceFormat(1280, 720, 29.97, "YUYV"))
    names, values = options[::2], options[1::2]
    assert names[0] == cv2.CAP_PROP_FOURCC
    assert values[0].to_bytes(4, "little") == b"YUYV"
    asked = dict(zip(names, values, strict=True))
    assert asked[cv2.CAP_PROP_FRAME_WIDTH] == 1280
    assert asked[cv2.CAP_PROP_FRAME_HEIGHT] == 720
    assert asked[cv2.CAP_PROP_FPS] == 30
    assert asked[cv2.CAP_PROP_BUFFERSIZE] == 1


def test_an_order_comes_over_the_pipe_as_it_was() -> None:
    given_order = ReaderOrder(
        "/dev/video0",
        CameraKind.DEVICE,
        640,
        1000,
        2000,
        step_s=0.25,
        masks=[[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]],
        device=DeviceFormat(640, 480, 15, "MJPG"),
    )
    assert parse_order(given_order.to_line()) == given_order
    assert parse_order(order("x.avi").to_line()) == ReaderOrder(
        "x.avi", CameraKind.FILE, 640, 2000, 2000, masks=[]
    )
