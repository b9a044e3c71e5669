"""A camera's frames: what is counted and on what basis, flame and smoke over time."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.agent.observation import Detection, EventSeen, FireGrid, FrameSeen, Moment, Observation, ReadingSeen
from edge.agent.policy import camera
from edge.agent.policy.camera import CameraRules
from edge.agent.policy.crowd import ZoneRules
from edge.agent.policy.fire import FlameRules, SmokeRules
from edge.agent.policy.sight import Sight
from redwhistle.contracts.events import DATA_OF, CrowdData, EventKind, SeenData

PEOPLE = Sight(people=True, model="fire-net 1")
MOTION = Sight(people=False)


def frame(
    at_ms: int,
    detections: tuple[Detection, ...] = (),
    regions: tuple[tuple[float, float, float, float], ...] = (),
) -> FrameSeen:
    moment = Moment(at_ms=1_700_000_000_000 + at_ms, mono_ms=at_ms, synced=True)
    return FrameSeen("cam", moment, 640, 360, detections, regions)


def people(count: int) -> tuple[Detection, ...]:
    return tuple(Detection("person", 0.9, (10.0 * i, 100.0, 10.0 * i + 9, 360.0)) for i in range(count))


def play(rules: CameraRules, sight: Sight, frames: list[FrameSeen]) -> list[Observation]:
    state = camera.begin(rules)
    said: list[Observation] = []
    for each in frames:
        state, more = camera.look(rules, sight, state, each)
        said.extend(more)
    return said


def test_people_standing_at_the_lower_rim_are_in_the_whole_frame() -> None:
    rules = CameraRules(zones=(ZoneRules(name="yard", limit=2, for_s=1, dropout_s=5),))
    (event,) = play(rules, PEOPLE, [frame(ms, people(3)) for ms in (0, 500, 1000, 1500)])
    assert isinstance(event, EventSeen)
    assert event.kind is EventKind.CROWD_FORMED
    assert event.data == CrowdData(count=3, limit=2, zone="yard", dwell_s=1.0, basis="people")
    assert event.moment.mono_ms == 1000


def test_without_a_model_for_people_moving_regions_are_counted_and_said_so() -> None:
    rules = CameraRules(zones=(ZoneRules(name="yard", limit=0, for_s=0),), reading_every_s=1)
    said = play(rules, MOTION, [frame(ms, people(9), ((0, 0, 50, 50),)) for ms in (0, 1000)])
    event = said[0]
    assert isinstance(event, EventSeen)
    assert isinstance(event.data, CrowdData)
    assert (event.data.basis, event.data.count) == ("moving_regions", 1)
    readings = {s.metric: s.value for s in said if isinstance(s, ReadingSeen)}
    assert readings == {"moving_regions": 1.0, "frames_per_s": 1.0}


def test_each_zone_counts_its_own() -> None:
    left = ZoneRules(name="left", polygon=((0, 0), (0.5, 0), (0.5, 1), (0, 1)), limit=0, for_s=0)
    right = ZoneRules(name="right", polygon=((0.5, 0), (1, 0), (1, 1), (0.5, 1)), limit=0, for_s=0)
    walker = Detection("person", 0.9, (600, 10, 630, 200))
    (event,) = play(CameraRules(zones=(left, right)), PEOPLE, [frame(0, (walker,))])
    assert isinstance(event, EventSeen)
    assert isinstance(event.data, CrowdData)
    assert event.data.zone == "right"


def test_the_reading_is_the_median_so_one_bad_frame_does_not_show() -> None:
    counts = [4, 4, 0, 4, 9]
    said = play(
        CameraRules(reading_every_s=2), PEOPLE, [frame(500 * i, people(c)) for i, c in enumerate(counts)]
    )
    assert [(s.metric, s.value) for s in said if isinstance(s, ReadingSeen)] == [
        ("people_count", 4.0),
        ("frames_per_s", 2.0),
    ]


FLAME = FlameRules(
    score_min=0.5, hits=3, share=0.6, window_s=2, lasts_s=1, change_min=0, clear_for_s=4, repeat_s=10
)
CELLS = 5 * 2


def grid(**scores: float) -> FireGrid:
    """Two rows of five cells; the scores are those of the second cell."""
    cells = {label: (0.0, scores.get(label, 0.0), *(0.0,) * (CELLS - 2)) for label in ("flame", "smoke")}
    return FireGrid(5, 2, cells["flame"], cells["smoke"], (0.0,) * CELLS, (0.0,) * CELLS)


def flames(pattern: str) -> list[FrameSeen]:
    """One frame each half second; `x` shows a flame, `.` shows none, `o` one below the score, `-` nobody looked."""
    scores = {"x": 0.8, "o": 0.4, ".": 0.0}
    return [
        replace(frame(500 * i), fire=grid(flame=scores[c]) if c in scores else None)
        for i, c in enumerate(pattern)
    ]


@pytest.mark.parametrize(
    ("pattern", "said_ms"),
    [
        pytest.param("xx.........", [], id="two frames are not enough"),
        pytest.param("xxx", [(1000, True)], id="three of five"),
        pytest.param("x.x.x", [(2000, True)], id="three of five with gaps"),
        pytest.param("x..x..x..x", [], id="too thin"),
        pytest.param("x-x-x", [(2000, True)], id="frames nobody looked at are neither hit nor miss"),
        pytest.param("ooooooooo", [], id="below the score"),
        pytest.param("xxx" + 8 * ".", [(1000, True), (5000, False)], id="over after a calm"),
        pytest.param("xxx......x.........", [(1000, True), (8500, False)], id="a late hit keeps it"),
        pytest.param("x" * 22, [(1000, True)], id="said once while it lasts"),
        pytest.param("x" * 23, [(1000, True), (11000, True)], id="and again after a while"),
    ],
)
def test_flame(pattern: str, said_ms: list[tuple[int, bool]]) -> None:
    said = play(CameraRules(flame=FLAME, reading_every_s=3600), PEOPLE, flames(pattern))
    assert [(s.moment.mono_ms, s.data.active) for s in said if isinstance(s, EventSeen)] == said_ms


def test_flame_event_says_where_how_sure_and_by_what() -> None:
    (event,) = play(CameraRules(flame=FLAME), PEOPLE, flames("xxx"))
    assert isinstance(event, EventSeen)
    assert event.kind is EventKind.FLAME_SEEN
    assert event.data == SeenData(score=0.8, boxes_xyxy=[(0.2, 0.0, 0.4, 0.5)], model="fire-net 1", frames=3)


detection = st.builds(
    Detection,
    label=st.sampled_from(["person", "flame", "smoke", "dog"]),
    score=st.floats(0, 1),
    box_xyxy_px=st.tuples(*(st.floats(-700, 1400) for _ in range(4))),
)


@given(
    frames=st.lists(st.tuples(st.integers(0, 4000), st.lists(detection, max_size=40)), max_size=40),
    sight=st.sampled_from([PEOPLE, MOTION]),
)
def test_whatever_is_detected_the_contract_holds(
    frames: list[tuple[int, list[Detection]]], sight: Sight
) -> None:
    rules = CameraRules(
        zones=(ZoneRules(name="a", limit=1, for_s=0),),
        flame=FlameRules(hits=1, window_s=0, lasts_s=0),
        smoke=SmokeRules(hits=2, window_s=3, lasts_s=0),
        reading_every_s=1,
    )
    now_ms, seen = 0, []
    for gap_ms, detections in frames:
        now_ms += gap_ms
        seen.append(frame(now_ms, tuple(detections)))
    for said in play(rules, sight, seen):
        if isinstance(said, EventSeen):
            model = DATA_OF[said.kind]
            assert model.model_validate_json(said.data.model_dump_json()) == said.data
        else:
            assert said.value >= 0


def test_rules_say_what_is_wrong() -> None:
    with pytest.raises(ValidationError, match="same name"):
        CameraRules.model_validate({"zones": [{"name": "a", "limit": 1}, {"name": "a", "limit": 2}]})
    with pytest.raises(ValidationError, match="lasts_s must not exceed"):
        FlameRules(lasts_s=7, window_s=6)


@pytest.mark.parametrize(
    ("changed", "drifted", "is_smoke"),
    [
        pytest.param(0.1, 0.6, True, id="differs and churns"),
        pytest.param(0.4, 0.0, True, id="churns"),
        pytest.param(0.0, 0.9, False, id="a door left open stands still"),
        pytest.param(0.03, 0.9, False, id="hardly moves"),
    ],
)
def test_smoke_churns(changed: float, drifted: float, is_smoke: bool) -> None:
    cells = (1.0,) * CELLS
    smoky = FireGrid(5, 2, (0.0,) * CELLS, cells, (changed,) * CELLS, (drifted,) * CELLS)
    frames = [replace(frame(250 * i), fire=smoky) for i in range(60)]
    events = [s for s in play(CameraRules(), PEOPLE, frames) if isinstance(s, EventSeen)]
    assert [e.kind for e in events] == ([EventKind.SMOKE_SEEN] if is_smoke else [])
