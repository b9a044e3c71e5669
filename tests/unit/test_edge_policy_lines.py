"""Lines: each passage once, in its direction; swaying on the line and walking round its end are none."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.agent.observation import Detection, FrameSeen, Moment, ReadingSeen
from edge.agent.policy import camera, lines
from edge.agent.policy.camera import CameraRules
from edge.agent.policy.lines import LineRules, Passed, Walks
from edge.agent.policy.sight import Sight
from edge.agent.policy.zones import Point

# From left to right through the middle: its right-hand side is the lower half of the picture.
LINE = LineRules.model_validate({"name": "door", "from": (0.3, 0.5), "to": (0.7, 0.5), "in_side": "right"})
ASPECT = 16 / 9


def walk(points: list[Point], rules: LineRules = LINE) -> tuple[int, int]:
    walks: Walks = {}
    came_in = went_out = 0
    for point in points:
        walks, passed = lines.step(rules, walks, {1: point}, ASPECT)
        came_in, went_out = came_in + passed.came_in, went_out + passed.went_out
    return came_in, went_out


def straight(start: Point, to: Point, steps: int = 12) -> list[Point]:
    return [
        (start[0] + (to[0] - start[0]) * i / steps, start[1] + (to[1] - start[1]) * i / steps)
        for i in range(steps + 1)
    ]


DOWN = straight((0.5, 0.2), (0.5, 0.8))


@pytest.mark.parametrize(
    ("points", "counted"),
    [
        pytest.param(DOWN, (1, 0), id="in"),
        pytest.param(DOWN[::-1], (0, 1), id="out"),
        pytest.param([DOWN[0], DOWN[-1]], (1, 0), id="in one step"),
        pytest.param(DOWN + DOWN[::-1], (1, 1), id="in and out again"),
        pytest.param(DOWN + DOWN[::-1] + DOWN, (2, 1), id="in, out and in"),
        pytest.param(DOWN[:6] + DOWN[:6][::-1], (0, 0), id="up to the line and back"),
        pytest.param(straight((0.1, 0.2), (0.1, 0.8)), (0, 0), id="past its end"),
        pytest.param([(0.5, 0.4), (0.9, 0.45), (0.9, 0.6), (0.5, 0.6)], (0, 0), id="round its end"),
        pytest.param([(0.5, 0.4), (0.9, 0.4), (0.9, 0.6), (0.5, 0.6), (0.5, 0.4)], (0, 1), id="round and through"),
        pytest.param([(0.5, 0.45), *[(0.5, 0.5 + 0.015 * (-1) ** i) for i in range(31)], (0.5, 0.4)], (0, 0),
                     id="sways and goes back"),
        pytest.param([(0.5, 0.45), *[(0.5, 0.5 + 0.015 * (-1) ** i) for i in range(31)], (0.5, 0.6)], (1, 0),
                     id="sways and goes in"),
        pytest.param(straight((0.31, 0.4), (0.69, 0.6)), (1, 0), id="aslant"),
        pytest.param([(0.5, 0.5)] * 9, (0, 0), id="stands on it"),
        pytest.param([(0.5, 0.49), *straight((0.5, 0.49), (0.5, 0.8))], (1, 0), id="appears just before it"),
    ],
)  # fmt: skip
def test_a_walk(points: list[Point], counted: tuple[int, int]) -> None:
    assert walk(points) == counted
    # The other side is inside: the same walk, the other way round. Likewise for a line drawn the other way.
    other = LINE.model_copy(update={"in_side": "left"})
    assert walk(points, other) == counted[::-1]
    assert walk(points, LINE.model_copy(update={"start": LINE.to, "to": LINE.start})) == counted[::-1]


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30),
    st.sampled_from(["left", "right"]),
    st.floats(0, 0.2),
)
def test_passages_of_one_walk_alternate(points: list[Point], in_side: str, margin: float) -> None:
    rules = LINE.model_copy(update={"in_side": in_side, "margin": margin})
    walks: Walks = {}
    turns: list[Passed] = []
    for point in points:
        walks, passed = lines.step(rules, walks, {1: point}, ASPECT)
        assert passed.came_in + passed.went_out <= 1
        turns += [passed] if passed != Passed() else []
    # Through the line twice in the same direction needs a way round its end, which a line from rim to rim has not.
    rim = rules.model_copy(update={"start": (0.0, 0.5), "to": (1.0, 0.5)})
    came_in, went_out = walk(points, rim)
    assert abs(came_in - went_out) <= 1


def test_twenty_people_each_count_once_at_any_rate_and_with_jitter() -> None:
    random.seed(7)
    for fps in (2, 4, 8):
        rules = CameraRules(lines=(LINE,))
        state = camera.begin(rules)
        counted = {"passed_in": 0.0, "passed_out": 0.0}
        for i in range(60 * fps):
            found = []
            for k in range(20):
                t = i / fps - 2.5 * k
                if 0 <= t <= 5:
                    y = 0.25 + 0.11 * t if k % 3 else 0.95 - 0.13 * t
                    x = 0.4 + 0.2 * (k % 2) + random.uniform(-0.004, 0.004)
                    y += random.uniform(-0.006, 0.006)
                    box = (640 * x - 20, 360 * y - 90, 640 * x + 20, 360 * y)
                    if random.random() > 0.1:  # the model misses one in ten
                        found.append(Detection("person", 0.9, box))
            at_ms = round(1000 * i / fps)
            frame = FrameSeen("cam", Moment(at_ms, at_ms, True), 640, 360, tuple(found))
            state, said = camera.look(rules, Sight(people=True), state, frame)
            for each in said:
                if isinstance(each, ReadingSeen) and each.metric in counted:
                    counted[each.metric] += each.value
        assert counted == {"passed_in": 13, "passed_out": 7}, fps


def test_moving_regions_pass_no_line() -> None:
    rules = CameraRules(lines=(LINE,))
    state = camera.begin(rules)
    for i, (x, y) in enumerate(DOWN):
        region = (640 * x - 20, 360 * y - 20, 640 * x + 20, 360 * y + 20)
        frame = FrameSeen("cam", Moment(i, 250 * i, True), 640, 360, (), (region,))
        state, said = camera.look(rules, Sight(people=False), state, frame)
        assert not [s for s in said if isinstance(s, ReadingSeen) and s.metric.startswith("passed")]


def test_a_walk_is_forgotten_with_its_track() -> None:
    rules = CameraRules(lines=(LINE,))
    state = camera.begin(rules)
    for i, found in enumerate([(Detection("person", 0.9, (300, 100, 340, 200)),), *[()] * 20]):
        frame = FrameSeen("cam", Moment(i, 250 * i, True), 640, 360, found)
        state, _ = camera.look(rules, Sight(people=True), state, frame)
    assert state.lines == ({},)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"to": (0.3, 0.5)}, "no length"),
        ({"to": (1.3, 0.5)}, "relative to the frame"),
        ({"in_side": "up"}, "left"),
        ({"margin": -1}, "greater than or equal"),
    ],
)
def test_a_line_that_is_none_is_explained(change: dict[str, object], words: str) -> None:
    fields = {"name": "a", "from": (0.3, 0.5), "to": (0.7, 0.5), "in_side": "left"}
    with pytest.raises(ValidationError, match=words):
        LineRules.model_validate({**fields, **change})
    with pytest.raises(ValidationError, match="two lines have the same name"):
        CameraRules.model_validate({"lines": [fields, fields]})
