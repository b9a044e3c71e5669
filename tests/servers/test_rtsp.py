"""The RTSP launcher, read by OpenCV as a camera source reads it."""

import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from bench.servers.installed import CHECKOUT
from bench.servers.rtsp import RtspServer, running_rtsp
from redwhistle.errors import Unavailable

pytestmark = pytest.mark.servers


def test_a_moving_pattern_is_served_again_after_kill_nine() -> None:
    with running_rtsp() as camera:
        _expect_moving_frames(camera)
        camera.kill()
        assert not camera.running
        camera.start()
        _expect_moving_frames(camera)


def test_the_demo_clip_is_a_street_and_can_be_a_camera(tmp_path: Path) -> None:
    clip = tmp_path / "demo-data" / "bikes.mp4"
    subprocess.run([sys.executable, str(CHECKOUT / "docker" / "demo_clip.py"), str(clip)], check=True)
    assert [path.name for path in clip.parent.iterdir()] == ["bikes.mp4"]
    file = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG)
    try:
        assert [file.get(p) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)] == [640, 272]
        assert file.get(cv2.CAP_PROP_FRAME_COUNT) == 250
    finally:
        file.release()
    with running_rtsp(clip) as camera:
        _expect_moving_frames(camera, (272, 640, 3))


def test_a_missing_clip_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"nothing\.mp4"):
        RtspServer(tmp_path, clip=tmp_path / "nothing.mp4")


def _expect_moving_frames(camera: RtspServer, shape: tuple[int, int, int] = (360, 640, 3)) -> None:
    capture = cv2.VideoCapture(camera.url, cv2.CAP_FFMPEG, [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 60_000])
    try:
        frames = [capture.read() for _ in range(10)]
    finally:
        capture.release()
    assert all(got for got, _ in frames)
    assert frames[0][1].shape == shape
    assert (frames[0][1] != frames[-1][1]).any()
