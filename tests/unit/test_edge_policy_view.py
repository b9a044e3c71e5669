"""Cameras that no longer see: what is said of which measures, when, and what is not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.policy import view
from edge.agent.policy.view import (
    KIND_OF,
    NOTE_OF,
    Code,
    Learn,
    ViewChange,
    ViewMeasures,
    ViewRules,
    ViewState,
)
from redwhistle.contracts.events import EventKind, lane_of
from redwhistle.contracts.ids import Lane

GOOD = ViewMeasures(
    level=110, contrast=50, edge_share=0.3, bright_share=0.02, noise=2, kept=0.9, shift_share=0.001,
    shift_gain=0.0, steady=0.95,
)  # fmt: skip
CLOTH = replace(GOOD, contrast=3, edge_share=0.001, kept=0.01)
CAP = replace(CLOTH, level=5, contrast=0.5, noise=0)
NIGHT = replace(CLOTH, level=9, contrast=5, noise=3, kept=None)
STREET_AT_NIGHT = replace(GOOD, level=15, edge_share=0.08, kept=0.5)
SMOKE = replace(GOOD, contrast=20, edge_share=0.02, kept=0.1)
GLARE = replace(GOOD, level=230, contrast=12, edge_share=0.05, bright_share=0.7, kept=0.2)
SNOW = replace(GOOD, level=200, bright_share=0.5)
SHIFTED = replace(GOOD, kept=0.3, shift_share=0.08, shift_gain=0.5)
ELSEWHERE = replace(GOOD, kept=0.05, shift_share=0.3, shift_gain=0.02)
CROWDED = replace(GOOD, kept=0.1, steady=0.3)
FROZEN = replace(GOOD, same=True, noise=0)

Said = list[tuple[int, Code, bool]]


class Camera:
    """A view judged once a second."""

    def __init__(self, rules: ViewRules | None = None, seconds: int = 60) -> None:
        self.rules, self.state, self.at_s = rules or ViewRules(), ViewState(), 0
        self.learnt: list[Learn] = []
        assert self.see(GOOD, seconds) == []

    def see(self, measures: ViewMeasures, seconds: int) -> Said:
        """What is said, and how many seconds after the picture changed."""
        said: Said = []
        for second in range(seconds):
            self.state, changes, learn = view.step(self.rules, self.state, measures, 1000 * self.at_s)
            self.learnt.append(learn)
            said += [(second, change.code, change.active) for change in changes]
            self.at_s += 1
        return said


@pytest.mark.parametrize(
    ("measures", "said"),
    [
        pytest.param(CLOTH, [(10, Code.COVERED, True)], id="cloth"),
        pytest.param(CAP, [(120, Code.COVERED, True)], id="cap"),
        pytest.param(NIGHT, [], id="a dark room with the sensor's noise"),
        pytest.param(STREET_AT_NIGHT, [], id="street lamps"),
        pytest.param(GLARE, [(10, Code.BLINDED, True)], id="glare"),
        pytest.param(SNOW, [], id="a bright picture that shows its scene"),
        pytest.param(SHIFTED, [(20, Code.MOVED, True)], id="pushed aside"),
        pytest.param(ELSEWHERE, [(20, Code.MOVED, True)], id="turned"),
        pytest.param(CROWDED, [], id="a crowd before the camera"),
        pytest.param(FROZEN, [(60, Code.FROZEN, True)], id="frozen"),
        pytest.param(
            replace(CAP, same=True), [(120, Code.COVERED, True)], id="a still black picture is covered"
        ),
        pytest.param(GOOD, [], id="nothing"),
    ],
)
def test_what_is_said_and_when(measures: ViewMeasures, said: Said) -> None:
    camera = Camera()
    assert camera.see(measures, 600) == said
    ends = [(10, code, False) for _, code, _ in said]
    assert camera.see(GOOD, 60) == ends
    assert not any(state.active for state in camera.state.lasting.values())


@pytest.mark.parametrize("measures", [CLOTH, GLARE, SHIFTED, FROZEN])
def test_a_moment_is_nothing(measures: ViewMeasures) -> None:
    camera = Camera()
    for _ in range(20):
        assert camera.see(measures, 9) == []
        assert camera.see(GOOD, 3) == []


def test_what_fades_slowly_is_smoke_or_fog_and_not_a_hand() -> None:
    camera = Camera()
    steps = [replace(GOOD, edge_share=0.3 - 0.014 * i, kept=max(0.9 - 0.045 * i, 0.1)) for i in range(20)]
    for each in steps:
        assert camera.see(each, 3) == []
    assert camera.see(SMOKE, 600) == []
    assert [said[1:] for said in camera.see(SMOKE, 400)] == [(Code.COVERED, True)]
    assert camera.state.lasting[Code.COVERED].active, "and yet a camera that sees nothing for so long is said"


def test_smoke_is_no_other_view() -> None:
    camera = Camera()
    for i in range(30):
        camera.see(replace(GOOD, kept=0.9 - 0.03 * i), 3)
    assert camera.see(replace(GOOD, kept=0.05), 120) == []


def test_infrared_with_a_reference_of_its_own_is_no_event() -> None:
    camera = Camera()
    assert camera.see(replace(GOOD, level=90, kept=None, shift_share=None, shift_gain=None), 60) == []
    assert camera.see(replace(GOOD, level=90, kept=0.9), 60) == []


def test_a_dark_that_lasts_longer_than_any_night_is_a_cover() -> None:
    camera = Camera(ViewRules(night_for_s=300))
    assert camera.see(NIGHT, 600) == [(300, Code.COVERED, True)]
    camera = Camera()
    assert camera.see(NIGHT, 13 * 3600) == []


def test_what_lasts_is_said_again_and_a_flicker_does_not_end_it() -> None:
    camera = Camera(ViewRules(repeat_s=100))
    assert camera.see(CLOTH, 250) == [
        (10, Code.COVERED, True),
        (110, Code.COVERED, True),
        (210, Code.COVERED, True),
    ]
    assert camera.see(GOOD, 5) == []
    assert camera.see(CLOTH, 20) == []
    assert camera.see(GOOD, 20) == [(10, Code.COVERED, False)]


def test_a_moved_camera_at_night_is_still_moved() -> None:
    camera = Camera()
    assert camera.see(ELSEWHERE, 30) == [(20, Code.MOVED, True)]
    assert camera.see(NIGHT, 3000) == []
    assert camera.see(GOOD, 30) == [(10, Code.MOVED, False)]


def test_the_reference_learns_good_pictures_alone_and_a_new_view_after_an_hour() -> None:
    camera = Camera(ViewRules(relearn_s=200, repeat_s=9999))
    assert set(camera.learnt) == {Learn.SLOWLY}
    for measures in (CLOTH, GLARE, CROWDED, ELSEWHERE):
        fresh = Camera()
        fresh.learnt.clear()
        fresh.see(measures, 8)
        assert set(fresh.learnt) == {Learn.NO}, measures
    camera.learnt.clear()
    assert camera.see(ELSEWHERE, 201) == [(20, Code.MOVED, True), (200, Code.MOVED, False)]
    assert camera.learnt == [Learn.NO] * 200 + [Learn.ANEW]
    assert camera.see(GOOD, 100) == []


def test_each_code_has_its_kind_and_its_words_in_both_languages() -> None:
    assert {code.value for code in Code} == {
        "camera_covered", "camera_moved", "camera_blinded", "camera_frozen",
    }  # fmt: skip
    assert {code for code in Code if KIND_OF[code] is EventKind.TAMPER} == {Code.COVERED, Code.MOVED}
    assert {code for code in Code if KIND_OF[code] is EventKind.DEVICE_FAULT} == {Code.BLINDED, Code.FROZEN}
    for code in Code:
        zh, _, en = NOTE_OF[code].partition(" / ")
        assert any("\u4e00" <= c <= "\u9fff" for c in zh)
        assert en.isascii()
        assert lane_of(KIND_OF[code]) is Lane.ALARM


share = st.floats(0, 1)
resemblance = st.none() | st.floats(-1, 1)
measures = st.builds(
    ViewMeasures, st.floats(0, 255), st.floats(0, 128), share, share, st.floats(0, 255), resemblance,
    st.none() | st.floats(0, 2), st.none() | st.floats(-2, 2), resemblance, st.booleans(),
)  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 40_000), measures), max_size=40))
def test_whatever_is_measured_begin_and_end_alternate(pictures: list[tuple[int, ViewMeasures]]) -> None:
    rules = ViewRules(
        covered_for_s=2, blinded_for_s=2, moved_for_s=2, frozen_for_s=2, clear_for_s=2, relearn_s=60
    )
    state, now_ms = ViewState(), 0
    active: set[Code] = set()
    for gap_ms, each in pictures:
        now_ms += gap_ms
        state, changes, _ = view.step(rules, state, each, now_ms)
        for change in changes:
            assert isinstance(change, ViewChange)
            assert change.active is (change.code not in active)
            (active.add if change.active else active.discard)(change.code)
    assert active == {code for code, each in state.lasting.items() if each.active}


def test_it_is_judged_as_often_as_configured_and_not_at_all_when_off() -> None:
    rules = ViewRules(every_s=2)
    assert view.is_due(rules, ViewState(), 0)
    assert not view.is_due(rules, ViewState(at_ms=1000), 2999)
    assert view.is_due(rules, ViewState(at_ms=1000), 3000)
    assert not view.is_due(ViewRules(enabled=False), ViewState(), 0)
