"""The RTSP launcher, read by OpenCV as a camera source reads it."""

from pathlib import Path

import cv2
import pytest

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


def test_a_missing_clip_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"nothing\.mp4"):
        RtspServer(tmp_path, clip=tmp_path / "nothing.mp4")


def _expect_moving_frames(camera: RtspServer) -> None:
    capture = cv2.VideoCapture(camera.url, cv2.CAP_FFMPEG, [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 20_000])
    try:
        frames = [capture.read() for _ in range(10)]
    finally:
        capture.release()
    assert all(got for got, _ in frames)
    assert frames[0][1].shape == (360, 640, 3)
    assert (frames[0][1] != frames[-1][1]).any()
