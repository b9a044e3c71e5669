"""Tracks: one number for one thing, none out of nothing, the same over crossings and misses."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.policy import tracking
from edge.agent.policy.tracking import Box, Found, TrackerState, TrackRules

RULES = TrackRules()


def person(x: float, y: float = 0.9, height: float = 0.4, score: float = 0.9) -> Found:
    """Somebody whose feet stand at x, y; in frame heights."""
    return Found((x - height / 5, y - height, x + height / 5, y), score)


def play(
    frames: list[list[Found]], fps: float, rules: TrackRules = RULES, state: TrackerState | None = None
) -> list[TrackerState]:
    state = TrackerState() if state is None else state
    states = []
    for i, found in enumerate(frames):
        state = tracking.step(rules, state, found, round(i * 1000 / fps))
        states.append(state)
    return states


def ids_at(states: list[TrackerState], found: Found) -> int:
    (track,) = [t for t in states[-1].seen if t.box == found.box]
    return track.id


@pytest.mark.parametrize("fps", [1, 2, 4, 8])
@pytest.mark.parametrize("speed", [0.0, 0.1, 0.3], ids=["standing", "strolling", "walking"])
def test_one_person_who_walks_is_one_track(fps: int, speed: float) -> None:
    states = play([[person(0.2 + speed * i / fps)] for i in range(4 * fps)], fps)
    assert [[t.id for t in s.seen] for s in states] == [[1]] * len(states)


@pytest.mark.parametrize("fps", [2, 4, 8])
@pytest.mark.parametrize("apart", [0.05, 0.1, 0.2], ids=lambda y: f"{y} apart")
def test_two_who_cross_keep_their_numbers(fps: int, apart: float) -> None:
    frames = []
    for i in range(5 * fps):
        t = i / fps
        frames.append([person(0.2 + 0.25 * t, 0.9), person(1.45 - 0.25 * t, 0.9 - apart)])
    states = play(frames, fps)
    first = [track.id for track in states[0].seen]
    assert first == [1, 2]
    assert ids_at(states, frames[-1][0]) == 1
    assert ids_at(states, frames[-1][1]) == 2
    assert states[-1].next_id == 3


def test_two_who_hide_each_other_while_they_cross_keep_their_numbers() -> None:
    frames = []
    for i in range(20):
        a, b = person(0.2 + 0.07 * i), person(1.5 - 0.07 * i, 0.85)
        hidden = abs(a.box[0] - b.box[0]) < 0.08
        frames.append([a] if hidden else [a, b])
    assert any(len(frame) == 1 for frame in frames)
    states = play(frames, 4)
    assert (ids_at(states, frames[-1][0]), ids_at(states, frames[-1][1])) == (1, 2)


@pytest.mark.parametrize("fps", [1, 4, 8])
@pytest.mark.parametrize("speed", [0.0, 0.15])
def test_a_person_missed_for_a_second_keeps_the_number(fps: int, speed: float) -> None:
    frames = [
        [] if 2.0 < i / fps <= 3.0 else [person(0.2 + speed * i / fps)] for i in range(round(5 * fps) + 1)
    ]
    assert sum(not frame for frame in frames) >= fps
    states = play(frames, fps)
    assert [t.id for t in states[-1].seen] == [1]
    missing = next(i for i, frame in enumerate(frames) if not frame)
    assert states[missing].seen == ()
    assert [(t.id, t.lost) for t in states[missing].tracks] == [(1, True)]


def test_who_is_away_for_too_long_gets_a_new_number() -> None:
    frames = [[person(0.5)], *([[]] * 16), [person(0.5)]]
    assert [t.id for t in play(frames, 4)[-1].tracks] == [2]
    assert [t.id for t in play(frames, 4, TrackRules(max_lost_s=10))[-1].tracks] == [1]


def test_a_far_box_is_another_thing() -> None:
    states = play([[person(0.2)], [person(1.4)]], 4)
    assert [t.id for t in states[-1].seen] == [2]


def test_a_doubtful_box_goes_on_with_a_track_after_the_sure_ones() -> None:
    rules = TrackRules(new_score=0.4)
    faint = person(0.52, score=0.2)
    states = play([[person(0.5), person(1.2)], [faint, person(1.2, score=0.6)], [person(0.54)]], 4, rules)
    assert ids_at(states[:2], faint) == 1
    assert ids_at(states[:3], person(0.54)) == 1
    (nobody,) = play([[person(0.5, score=0.2)]], 4, rules)
    assert nobody.tracks == ()
    # A sure box that is a little farther off is taken before a doubtful one that lies nearer.
    sure, doubtful = person(0.56, score=0.9), person(0.51, score=0.3)
    states = play([[person(0.5)], [doubtful, sure]], 4)
    assert ids_at(states, sure) == 1


def test_a_picture_in_which_nothing_changed_holds_what_stood_there() -> None:
    (state,) = play([[person(0.5), person(1.2)]], 4)
    state = tracking.step(RULES, state, [person(0.5)], 250)
    for at_ms in range(500, 20_000, 250):
        state = tracking.hold(state, at_ms)
    assert [t.id for t in state.seen] == [1]
    state = tracking.step(RULES, state, [person(0.5), person(1.2)], 20_250)
    assert [t.id for t in state.seen] == [1, 3]


coordinate = st.floats(-0.5, 2.5)
box = st.tuples(coordinate, coordinate, st.floats(0, 1), st.floats(0, 1)).map(
    lambda v: (v[0], v[1], v[0] + v[2], v[1] + v[3])
)
found = st.builds(Found, box, st.floats(0, 1))
scene = st.lists(st.tuples(st.integers(0, 2500), st.lists(found, max_size=8)), max_size=25)


@given(scene, st.floats(0, 1))
def test_whatever_is_found_each_box_has_one_track_at_most(
    frames: list[tuple[int, list[Found]]], new_score: float
) -> None:
    rules = TrackRules(new_score=new_score)
    state, now_ms, given_ids = TrackerState(), 0, set[int]()
    for gap_ms, boxes in frames:
        now_ms += gap_ms
        before = state
        state = tracking.step(rules, state, boxes, now_ms)
        assert tracking.step(rules, before, boxes, now_ms) == state, "deterministic"
        ids = [track.id for track in state.tracks]
        assert ids == sorted(set(ids)), "each number once"
        begun = set(ids) - {track.id for track in before.tracks}
        assert not begun & given_ids, "no number is used again"
        given_ids |= begun
        assert not Counter(t.box for t in state.seen) - Counter(each.box for each in boxes), (
            "none from nothing"
        )
        assert len(state.seen) <= len(boxes)
        for each in boxes:
            if each.score >= new_score:
                assert any(t.box == each.box for t in state.seen), "none is left out"
        assert all(now_ms - t.seen_ms <= 1000 * rules.max_lost_s for t in state.tracks)


@pytest.mark.parametrize(
    ("a", "b", "shared"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1.0),
        ((0, 0, 2, 2), (1, 0, 3, 2), 1 / 3),
        ((0, 0, 1, 1), (1, 0, 2, 1), 0.0),
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),
    ],
)
def test_overlap(a: Box, b: Box, shared: float) -> None:
    assert tracking.overlap(a, b) == pytest.approx(shared)
    assert tracking.overlap(b, a) == pytest.approx(shared)
