"""The shipped fire-smoke model: a worse file in its place fails here.

Without the data folder: scenes of our own making, drawn by numpy. Grey-brown rooms and night yards with a drawn flame that
flickers and grows, or a plume that rises, have to be called so within ten seconds; the same scenes with people-sized blocks
walking, a red poster, a lamp that blinks and plain noise must stay quiet. With the data folder: validation pictures and clips.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.agent.detectors.detector import alarm_scores
from edge.agent.detectors.models import OFF, Models
from edge.agent.detectors.tiles import FireDetector, picture_rows
from edge.agent.observation import EventSeen, Moment, ReadingSeen
from edge.agent.pipeline import CameraPipeline, Frame, Image
from edge.agent.policy.camera import CameraRules
from edge.measuring.pictures import read_picture
from edge.measuring.ranking import Scores, auc, tpr_at_fpr
from models.training.drawing import draw_room, room_light, thin_smoke, tiny_flame, with_noise
from models.training.fire.clips import frames as frames_of
from models.training.fire.synthetic import drawn_flame, lay, look_alike
from redwhistle.contracts.events import EventKind, SeenData
from tests.shared_data import SHARED_DATA, shared_files

pytestmark = pytest.mark.slow
MODELS = Path(__file__).resolve().parents[2] / "models"
FPS, BEGINS_S = 4, 2
Picture = Callable[[np.random.Generator, Image, float], None]
"""Draws into a frame of the scene; the last argument is the time since it began, seconds, below 0 before."""


class Heard:
    """What a pipeline says."""

    def __init__(self) -> None:
        self.events: list[tuple[float, EventKind]] = []

    def event(self, seen: EventSeen) -> None:
        if isinstance(seen.data, SeenData) and seen.data.active:
            self.events.append((seen.moment.mono_ms / 1000, seen.kind))

    def reading(self, seen: ReadingSeen) -> None:
        """Not looked at."""


@pytest.fixture(scope="module")
def models() -> Models:
    return Models(MODELS)


def said(models: Models, frames: Iterator[tuple[float, Image]]) -> list[tuple[float, EventKind]]:
    """What the box says to these frames at default settings."""
    heard = Heard()
    pipeline = CameraPipeline("cam", CameraRules(), models.detectors_for(people=OFF), heard)
    for at_s, image in frames:
        pipeline.process(Frame(image, Moment(1_700_000_000_000, round(at_s * 1000), synced=True)))
    return heard.events


def scene(seed: int, draw: Picture, lasts_s: float = 12.0) -> Iterator[tuple[float, Image]]:
    """A room or a yard, by day or by night, with the camera's noise; `draw` paints what happens."""
    rng = np.random.default_rng(seed)
    room = room_light(rng)
    for i in range(int(lasts_s * FPS)):
        frame = with_noise(rng, room, 2)
        draw(rng, frame, i / FPS - BEGINS_S)
        yield i / FPS, frame


def flame(rng: np.random.Generator, frame: Image, at_s: float) -> None:
    if at_s >= 0:
        height = int(min(28 + 6 * at_s, 70) * rng.uniform(0.9, 1.1))
        sprite = drawn_flame(rng, 64, 44)
        lay(
            frame, sprite, 200 + int(rng.integers(-2, 3)), 160 - height, (int(height * 0.7), height), glow=0.5
        )


def walkers(rng: np.random.Generator, frame: Image, at_s: float) -> None:
    x = int(60 + 25 * at_s)
    frame[70:150, max(0, x) : x + 25] = (40, 60, 90)
    frame[90:120, max(0, x + 4) : x + 21] = (30, 120, 235)  # an orange vest
    frame[60:72, max(0, x + 6) : x + 18] = (120, 150, 190)


def poster(rng: np.random.Generator, frame: Image, at_s: float) -> None:
    frame[30:90, 40:100] = (30, 40, 220)
    frame[45:60, 50:90] = (60, 200, 250)
    walkers(rng, frame, at_s)


def blinking_lamp(rng: np.random.Generator, frame: Image, at_s: float) -> None:
    if int(at_s * 2) % 2:
        frame[20:28, 150:158] = (250, 250, 250)


def nothing(rng: np.random.Generator, frame: Image, at_s: float) -> None:
    """The room as it is."""


@pytest.mark.parametrize("seed", range(4))
def test_a_drawn_flame_is_called_one(models: Models, seed: int) -> None:
    events = said(models, scene(seed, flame))
    assert any(kind is EventKind.FLAME_SEEN and at_s >= BEGINS_S for at_s, kind in events)
    assert all(at_s >= BEGINS_S for at_s, _ in events)


def test_a_small_flame_stands_out_in_its_cell(models: Models) -> None:
    """A flame of 12 x 18 pixels laid into 12 scenes, against the same scenes without."""
    opened = models.open("fire")
    assert opened is not None
    detector = FireDetector(opened.entry, opened.session)

    def small(rng: np.random.Generator, frame: Image, at_s: float) -> None:
        lay(frame, drawn_flame(rng, 64, 44), 120, 100, (12, 18), glow=0.2)

    def best(draw: Picture) -> float:
        grids = [detector.look(image).fire for n in range(12) for _, image in scene(100 + n, draw, 0.25)]
        return float(np.mean([max(grid.flame) for grid in grids if grid is not None]))

    assert best(small) >= 0.95
    assert best(nothing) <= 0.2


def no_change(rng: np.random.Generator, picture: Image) -> None:
    """The room as it is."""


def test_what_is_hard_to_tell_is_told_as_well_as_ever(models: Models) -> None:
    """Tiny flames and thin smoke against rooms and look-alikes, 60 of each, where the model is right most times only.

    Flames by the hottest cell, smoke by the score of the picture. A model that is a little worse is far worse here: normal
    noise of a tenth of their spread on all weights, four times, brought the areas from 0.999 and 0.82 to at most 0.98 and 0.70.
    """
    opened = models.open("fire")
    assert opened is not None
    entry, detector = opened.entry, FireDetector(opened.entry, opened.session)

    def scores(change: Callable[[np.random.Generator, Image], None]) -> tuple[Scores, Scores]:
        pictures, cells = [], []
        for n in range(60):
            rng = np.random.default_rng([7, n])
            picture = draw_room(rng)
            change(rng, picture)
            rows = picture_rows(entry, detector.score(picture)[1])
            pictures.append(float(alarm_scores(entry, rows).max()))
            grid = detector.look(picture).fire
            assert grid is not None
            cells.append(max(grid.flame))
        return np.array(pictures), np.array(cells)

    others, other_cells = (
        np.concatenate(both) for both in zip(scores(look_alike), scores(no_change), strict=True)
    )
    flames, smokes = auc(scores(tiny_flame)[1], other_cells), auc(scores(thin_smoke)[0], others)
    assert flames is not None
    assert flames >= 0.99
    assert smokes is not None
    assert smokes >= 0.79


@pytest.mark.parametrize("draw", [walkers, poster, blinking_lamp, nothing])
def test_a_scene_without_fire_stays_quiet(models: Models, draw: Picture) -> None:
    assert said(models, scene(11, draw)) == []


def test_the_file_is_small_enough_for_a_box(models: Models) -> None:
    entry = models.manifest.find("fire")
    assert entry is not None
    assert (MODELS / entry.file).stat().st_size <= 2_000_000
    assert entry.card is not None
    assert (MODELS / entry.card).is_file()


if shared_files("fire/labels.csv"):

    def test_pictures_of_the_validation_set(models: Models) -> None:
        """Every third picture: slack below the card's figures for the smaller number."""
        opened = models.open("fire")
        assert opened is not None
        detector = FireDetector(opened.entry, opened.session)
        alarms: list[float] = []
        others: list[float] = []
        for path in shared_files("fire/val/*/*.jpg")[::3]:
            image = read_picture(SHARED_DATA, str(path.relative_to(SHARED_DATA)))
            assert image is not None
            scores = picture_rows(opened.entry, detector.score(image)[1])
            score = float(alarm_scores(opened.entry, scores).max())
            (others if path.parent.name == "normal" else alarms).append(score)
        area = auc(np.array(alarms), np.array(others))
        found = tpr_at_fpr(np.array(alarms), np.array(others), 0.05)
        assert area is not None
        assert area >= 0.988, area
        assert found is not None
        assert found >= 0.92, found


if shared_files("video/*.mp4"):

    @pytest.mark.parametrize("clip", ["fire_street_ebike", "smoke_fills_room"])
    def test_a_clip_with_fire_or_smoke_is_called_so_in_time(models: Models, clip: str) -> None:
        events = said(models, until(14, SHARED_DATA / "video" / f"{clip}.mp4"))
        assert any(3 <= at_s <= 14 for at_s, _ in events)

    @pytest.mark.parametrize("clip", ["neg_neon_lights_night", "people_worker_zone"])
    def test_a_clip_without_stays_quiet(models: Models, clip: str) -> None:
        assert said(models, until(12, SHARED_DATA / "video" / f"{clip}.mp4")) == []


def until(end_s: float, clip: Path) -> Iterator[tuple[float, Image]]:
    """A clip's frames up to a time."""
    for at_s, image in frames_of(clip, FPS):
        if at_s > end_s:
            break
        yield at_s, image
