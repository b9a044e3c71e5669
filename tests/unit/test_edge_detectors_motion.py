"""Motion: separate regions where something moves, nothing for noise, nothing for the light."""

import numpy as np

from edge.agent.detectors.motion import MotionDetector
from edge.agent.pipeline import Image

YS, XS = np.mgrid[0:360, 0:640]
GROUND = np.repeat((90 + 20 * np.sin(XS / 40) + 15 * np.cos(YS / 25))[:, :, None], 3, axis=2).astype(
    np.float32
)
NOISE = np.random.default_rng(7).normal(0, 1, (400, 720, 3)).astype(np.float32)


def scene(seed: int, *boxes: tuple[int, int, int, int], light: int = 0, noise: float = 4.0) -> Image:
    """A textured yard of 640x360 with sensor noise; each box (x, y, w, h) is a bright thing."""
    picture = GROUND + light
    for x, y, w, h in boxes:
        picture[y : y + h, x : x + w] = 210
    dy, dx = np.random.default_rng(seed).integers(0, (40, 80))
    picture += noise * NOISE[dy : dy + 360, dx : dx + 640]
    return np.clip(picture, 0, 255).astype(np.uint8)


def warm(detector: MotionDetector, frames: int = 30) -> None:
    for i in range(frames):
        detector.look(scene(i))


def test_a_walker_is_one_region_where_he_is() -> None:
    detector = MotionDetector()
    warm(detector)
    hits = 0
    for i in range(20):
        regions = detector.look(scene(100 + i, (20 + 25 * i, 100, 40, 90))).moving_regions
        if len(regions) == 1:
            x1, y1, x2, y2 = regions[0]
            hits += abs((x1 + x2) / 2 - (40 + 25 * i)) < 40 and abs((y1 + y2) / 2 - 145) < 30
    assert hits >= 18


def test_two_walkers_are_two_regions_largest_first() -> None:
    detector = MotionDetector()
    warm(detector)
    counts = []
    for i in range(10):
        regions = detector.look(
            scene(100 + i, (20 + 20 * i, 60, 40, 90), (560 - 20 * i, 230, 60, 110))
        ).moving_regions
        counts.append(len(regions))
        if len(regions) == 2:
            areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in regions]
            assert areas[0] >= areas[1]
    assert counts.count(2) >= 8


def test_noise_is_no_motion() -> None:
    detector = MotionDetector()
    warm(detector)
    assert sum(len(detector.look(scene(500 + i, noise=8)).moving_regions) for i in range(40)) <= 1


def test_the_light_is_no_motion_and_motion_is_seen_again_soon_after() -> None:
    detector = MotionDetector()
    warm(detector)
    for i in range(10):
        assert detector.look(scene(200 + i, light=80)).moving_regions == ()
    seen = [
        len(detector.look(scene(300 + i, (20 + 25 * i, 100, 40, 90), light=80)).moving_regions)
        for i in range(10)
    ]
    assert seen.count(1) >= 8


def test_what_stands_still_from_the_start_is_background() -> None:
    detector = MotionDetector()
    assert all(not detector.look(scene(i, (200, 100, 80, 80))).moving_regions for i in range(30))


def test_a_new_picture_size_is_taken_in_stride() -> None:
    detector = MotionDetector()
    warm(detector, 5)
    small = np.ascontiguousarray(scene(1)[::2, ::2])
    assert detector.look(small).moving_regions == ()
    one = np.zeros((1, 1, 3), dtype=np.uint8)
    assert detector.look(one).moving_regions == ()


def test_the_picture_is_left_as_it_was() -> None:
    detector, picture = MotionDetector(), scene(1)
    picture.setflags(write=False)
    detector.look(picture)
