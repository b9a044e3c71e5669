"""What `camera analyse` and `camera snapshot` make of a picture in which the crowd model counts."""

from pathlib import Path

import pytest

from edge.agent.detectors.models import Models
from edge.agent.detectors.shipped import shipped_models
from edge.agent.observation import Detection
from edge.agent.pipeline import Found, Image
from edge.agent.policy.sight import PERSON
from edge.fittings import detectors_of
from edge.viewing.analysing import ClipJob, analyse_clip, first_moment
from edge.viewing.snapshot import take
from models.training.drawing import draw_square
from tests.integration.cameras import make_clip, section


class Crowd:
    """Sees twelve people and a half, and a box for one of them."""

    labels = frozenset({PERSON})
    model = "crowd 1"

    def look(self, image_bgr: Image) -> Found:
        assert image_bgr.size
        return Found(
            detections=(Detection(PERSON, 0.9, (10, 10, 40, 90)),),
            crowd_points=((100.0, 100.0, 12.0), (200.0, 100.0, 0.4)),
        )


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "clip.avi", frames=20)


def test_an_analysed_clip_counts_the_crowd_and_not_the_boxes(clip: Path) -> None:
    settings = section(clip, analyse_fps=8)
    analysis = analyse_clip(ClipJob(settings, first_moment("12:00", settings.rules)), [Crowd()])
    assert analysis.frames > 1
    assert set(analysis.counts) == {12}
    assert analysis.to_json()["people"] == {"max": 12, "p50": 12}


def test_a_snapshot_of_a_crowd_is_blurred_as_if_no_model_had_looked(clip: Path) -> None:
    snapshot = take(section(clip, analyse_fps=8), [Crowd()])
    assert snapshot.method == "whole_frame"
    assert snapshot.people_blurred == 0
    assert snapshot.to_json()["found"] == {"person": 1, "people_in_crowd": 12}
    assert "people_in_crowd 12" in snapshot.describe()


@pytest.mark.parametrize(
    ("detect", "by_crowd"),
    [
        ({}, True),
        ({"mode": "people"}, False),
        ({"mode": "crowd"}, True),
        ({"crowd": "off"}, False),
        ({"handover": {"up": 900, "probe_up": 900}}, False),
    ],
)
def test_a_cameras_own_way_of_counting_is_that_of_its_commands(
    clip: Path, detect: dict[str, object], by_crowd: bool
) -> None:
    """60 drawn people, as source, `analyse` and `snapshot` would count them."""
    people = detectors_of(section(clip, detect={"fire": "off", **detect}), Models(shipped_models()))
    found = [each.look(draw_square(60, 60)) for each in people]
    assert [each.crowd_points is not None for each in found] == [by_crowd]
