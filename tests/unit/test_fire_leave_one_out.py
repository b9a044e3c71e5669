"""Choosing limits without the clip that they judge."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.observation import FireGrid, FrameSeen, Moment
from edge.agent.policy.fire import FlameRules, SmokeRules
from edge.agent.policy.sight import Sight
from models.training.fire.clips import fire_models
from models.training.fire.leave_one_out import RANGES, Clip, choose, judge, limits_of

SIGHT = Sight(people=False, model="drawn")


def clip(name: str, score: float, begins_s: float, lasts_s: float = 20.0) -> Clip:
    """One cell that flickers from `begins_s` on, four times a second."""
    frames = []
    for i in range(int(lasts_s * 4)):
        now = score if i / 4 >= begins_s else 0.0
        grid = FireGrid(1, 1, (now,), (0.0,), (0.3,), (0.0,), now, 0.0)
        frames.append(FrameSeen("cam", Moment(i * 250, i * 250, synced=True), 64, 36, fire=grid))
    return Clip(name, tuple(frames))


def test_a_clip_is_judged_by_what_the_rules_say_and_when() -> None:
    rules = FlameRules(), SmokeRules()
    assert judge(clip("fire_onset_lawn_cctv", 0.95, 0.0), SIGHT, *rules) == "found"
    assert judge(clip("fire_onset_lawn_cctv", 0.95, 12.0, 30.0), SIGHT, *rules) == "late"
    assert judge(clip("fire_onset_lawn_cctv", 0.3, 0.0), SIGHT, *rules) == "missed"
    assert judge(clip("neg_something", 0.3, 0.0), SIGHT, *rules) == "quiet"
    assert judge(clip("neg_something", 0.95, 0.0), SIGHT, *rules) == "false"


@given(st.lists(st.floats(0, 1), min_size=2 * len(RANGES), max_size=2 * len(RANGES)))
def test_whatever_is_drawn_are_limits_that_can_be_met(drawn: list[float]) -> None:
    for limits in limits_of(np.array(drawn)):
        assert limits.lasts_s <= limits.window_s
        assert RANGES["score_min"][0] <= limits.score_min <= RANGES["score_min"][1]


def test_of_equally_good_limits_the_middle_one_is_taken() -> None:
    drawn = np.array([[0.0, 0.0], [0.4, 0.5], [1.0, 1.0], [0.5, 0.5]])
    right = np.array([[True, True], [True, True], [True, True], [True, False]])
    assert choose(drawn, right) == 1


def test_without_a_usable_model_nothing_is_judged(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no usable model for fire"):
        fire_models(tmp_path)
