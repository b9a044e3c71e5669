"""From pictures to what is said of a camera's view: made-up scenes, and real clips where they lie beside the checkout."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.agent.detectors.view import ViewMeter
from edge.agent.observation import EventSeen, Moment, ReadingSeen
from edge.agent.pipeline import CameraPipeline, Frame, Image, Watch
from edge.agent.policy.camera import CameraRules
from edge.agent.policy.motion_gate import GateRules
from edge.agent.policy.view import ViewRules
from redwhistle.contracts.events import DeviceData
from tests.shared_data import shared_files

Said = list[tuple[str, str, bool]]
Edit = Callable[[Image, int], Image]

# Made-up scenes are judged once a second like real ones, and with the same rules; only what takes minutes is shortened.
RULES = ViewRules(dark_for_s=30, frozen_for_s=30)
LEARN_S, EDIT_S = 20, 45


class Sink:
    def __init__(self) -> None:
        self.said: Said = []

    def event(self, seen: EventSeen) -> None:
        assert isinstance(seen.data, DeviceData)
        assert (seen.data.note is not None) is seen.data.active
        self.said.append((seen.kind.value, seen.data.code or "", seen.data.active))

    def reading(self, seen: ReadingSeen) -> None:
        """Of no interest here."""


def play(pictures: Iterable[Image], fps: float = 1.0, rules: ViewRules = RULES) -> Said:
    sink = Sink()
    pipeline = CameraPipeline("cam", CameraRules(), [], sink, watch=Watch(ViewMeter(), GateRules(), rules))
    for i, picture in enumerate(pictures):
        at_ms = round(1000 * i / fps)
        pipeline.process(Frame(picture, Moment(1_790_000_000_000 + at_ms, at_ms, synced=True)))
    return sink.said


_random = np.random.default_rng(11)
HEIGHT, WIDTH = 180, 320  # what the meter reduces a camera's picture to
_NOISES = [_random.normal(0, 1, (HEIGHT, WIDTH, 3)).astype(np.float32) for _ in range(6)]
_noise = itertools.cycle(_NOISES)


def noisy(picture: Image, sigma: float = 2.0) -> Image:
    """`sigma` as of a picture of 640 pixels, which loses half of its noise when it is reduced."""
    picture_and_noise = cv2.scaleAdd(next(_noise), sigma / 2, picture.astype(np.float32))
    return np.asarray(np.clip(picture_and_noise, 0, 255), np.uint8)


def yard(seed: int = 1) -> Image:
    """Walls, windows, a path: edges of all directions, in muted colours."""
    random = np.random.default_rng(seed)
    picture = np.full((360, 640, 3), (120, 125, 118), dtype=np.uint8)
    for _ in range(70):
        x, y = (int(v) for v in random.integers(0, (640, 360)))
        w, h = (int(v) for v in random.integers(15, 120, 2))
        colour = tuple(int(v) for v in random.integers(40, 190, 3))
        cv2.rectangle(picture, (x, y), (x + w, y + h), colour, -1 if random.random() < 0.6 else 2)
    for _ in range(25):
        (x1, x2), (y1, y2) = random.integers(0, 640, 2), random.integers(0, 360, 2)
        cv2.line(picture, (int(x1), int(y1)), (int(x2), int(y2)), (60, 60, 60), 2)
    return np.asarray(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


YARD = yard()


def passers_by(picture: Image, i: int) -> Image:
    picture = picture.copy()
    for k in range(3):
        x = (20 * i + 115 * k) % 350
        cv2.rectangle(picture, (x - 15, 75), (x + 5, 150), (30, 30 + 60 * k, 80), -1)
    return picture


def clip(edit: Edit, seconds: int = EDIT_S) -> list[Image]:
    """A yard with people for a while, then what `edit` makes of it."""
    before = [noisy(passers_by(YARD, i)) for i in range(LEARN_S)]
    return before + [edit(passers_by(YARD, i), i) for i in range(seconds)]


def shifted(picture: Image, share: float) -> Image:
    height, width = picture.shape[:2]
    move = np.array([[1, 0, -share * width], [0, 1, -0.3 * share * height]], dtype=np.float32)
    return np.asarray(cv2.warpAffine(picture, move, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


def blurred(picture: Image) -> Image:
    """As a hand before the lens lets it through."""
    small = cv2.resize(picture, (8, 5), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, picture.shape[1::-1]) // 3 + 40, np.uint8)


def infrared(picture: Image) -> Image:
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return np.repeat(np.clip(grey * 1.3 - 30, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def with_clock(picture: Image, i: int) -> Image:
    picture = picture.copy()
    cv2.putText(picture, f"2026-11-22 00:00:{i % 60:02d}", (5, 12), 0, 0.3, (255, 255, 255), 1)
    return picture


STILL = noisy(YARD)
COVERED, MOVED = ("tamper", "camera_covered", True), ("tamper", "camera_moved", True)
BLINDED, FROZEN = ("device_fault", "camera_blinded", True), ("device_fault", "camera_frozen", True)
CASES: list[tuple[str, Edit, list[tuple[str, str, bool]]]] = [
    ("nothing", lambda p, _: noisy(p), []),
    ("a cloth over it", lambda p, _: noisy(np.full_like(p, 110)), [COVERED]),
    ("a hand before it", lambda p, _: noisy(blurred(p)), [COVERED]),
    ("a cap on it", lambda p, _: np.full_like(p, 6), [COVERED]),
    ("lights off, noise", lambda p, _: noisy(p // 20, 4), []),
    ("lights off, edges left", lambda p, _: noisy(p // 6, 0.4), []),
    ("infrared on", lambda p, _: noisy(infrared(p)), []),
    ("a brighter day", lambda p, _: noisy(np.clip(p * 1.3, 0, 255).astype(np.uint8)), []),
    ("a lamp into it", lambda p, _: noisy(np.clip(p.astype(int) // 9 + 235, 0, 255).astype(np.uint8), 1), [BLINDED]),
    ("pushed by 15 %", lambda p, _: noisy(shifted(p, 0.15)), [MOVED]),
    ("pushed by 5 %", lambda p, _: noisy(shifted(p, 0.05)), [MOVED]),
    ("shaken by the wind", lambda p, i: noisy(shifted(p, 0.008 * (-1) ** i)), []),
    ("turned", lambda _, i: noisy(passers_by(yard(2), i)), [MOVED]),
    ("frozen", lambda *_: STILL, [FROZEN]),
    ("frozen under a clock", lambda _, i: with_clock(STILL, i), [FROZEN]),
    ("an empty yard", lambda *_: noisy(YARD, 1), []),
    ("a still yard where one person moves", lambda p, _: p, []),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "said"), [pytest.param(e, s, id=name) for name, e, s in CASES])
def test_a_made_up_yard(edit: Edit, said: Said) -> None:
    assert play(clip(edit)) == said


def test_it_ends_when_the_view_is_back() -> None:
    pictures = clip(lambda p, _: noisy(np.full_like(p, 110)), 20) + [noisy(YARD) for _ in range(25)]
    assert play(pictures) == [COVERED, ("tamper", "camera_covered", False)]


def test_a_second_night_in_infrared_and_a_push_in_the_second_night() -> None:
    day, dark = [noisy(YARD) for _ in range(20)], [noisy(infrared(YARD)) for _ in range(20)]
    assert play(day + dark + day + dark) == []
    pushed = [noisy(infrared(shifted(YARD, 0.1))) for _ in range(30)]
    assert play(day + dark + day + pushed) == [MOVED]


def test_the_meter_keeps_no_view_of_the_frame_it_is_given() -> None:
    meter, picture = ViewMeter(), yard()
    small = yard()[:45, :80].copy()
    for image in (picture, small):
        meter.glance(image, 0)
        meter.looked()
        image[:] = 0  # the next frame overwrites the memory
        assert meter.glance(image, 250).since_look > 100
    with pytest.raises(RuntimeError, match="no picture yet"):
        ViewMeter().measure()


@pytest.mark.parametrize("shape", [(1, 1), (3, 640), (640, 3), (36, 64), (1080, 1920)])
def test_any_size_of_picture_can_be_measured(shape: tuple[int, int]) -> None:
    meter = ViewMeter()
    for i in range(8):
        meter.glance(_random.integers(0, 255, (*shape, 3), dtype=np.uint8), 1000 * i)
        meter.measure()
        meter.learn(1000 * i)


def frames(path: Path, fps: float, most: int = 60) -> Sequence[Image]:
    film = cv2.VideoCapture(str(path))
    try:
        step = max(1, round(film.get(cv2.CAP_PROP_FPS) / fps))
        found: list[Image] = []
        number = 0
        while len(found) < most and film.grab():
            if number % step == 0:
                ok, picture = film.retrieve()
                if ok:
                    found.append(np.asarray(picture, np.uint8))
            number += 1
        return found
    finally:
        film.release()


CLIPS = shared_files("video/*.mp4")
if CLIPS:

    @pytest.mark.slow
    @pytest.mark.parametrize("path", CLIPS, ids=lambda path: path.stem)
    def test_no_clip_makes_a_device_event(path: Path) -> None:
        assert play(frames(path, 2), fps=2, rules=ViewRules()) == []

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["people_one_by_one", "neg_lobby_ir"])
    def test_clips_that_are_covered_moved_or_frozen(name: str) -> None:
        (path,) = [each for each in CLIPS if each.stem == name]
        film = list(frames(path, 1, 30))
        there_and_back = [*film, *film[-2:0:-1]]  # no cut, however short the clip
        film = [each for _, each in zip(range(30), itertools.cycle(there_and_back), strict=False)]

        def after(edited: Sequence[Image]) -> Said:
            return play([*film, *edited], rules=RULES)

        flat = np.random.default_rng(2).normal(110, 2, film[0].shape).astype(np.uint8)
        assert after([np.roll(flat, i, 0) for i in range(14)]) == [COVERED]
        assert after([shifted(each, 0.12) for each in film]) == [MOVED]
        assert after([film[-1]] * 40) == [FROZEN]
