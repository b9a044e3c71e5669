"""Who stays in a zone: passers-by are no crowd, dwell belongs to a person, lingering is said once each."""

from collections.abc import Iterable

import pytest

from edge.agent.observation import Detection, EventSeen, FrameSeen, Moment, Observation, ReadingSeen
from edge.agent.policy import camera
from edge.agent.policy.camera import CameraRules
from edge.agent.policy.crowd import ZoneRules
from edge.agent.policy.sight import Sight
from edge.agent.policy.stays import Stay, step
from redwhistle.contracts.events import CrowdData, EventKind, LoiteringData

PEOPLE = Sight(people=True)
MOTION = Sight(people=False)
FPS = 4
RIGHT_HALF = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))


def box(x: float, y: float = 0.9) -> tuple[float, float, float, float]:
    """Of somebody whose feet stand at x, y in 0..1 of a frame of 640 x 360 pixels."""
    return 640 * x - 25, 360 * y - 120, 640 * x + 25, 360 * y


def frame(i: int, xs: Iterable[float], *, fresh: bool = True, regions: bool = False) -> FrameSeen:
    at_ms = round(1000 * i / FPS)
    boxes = tuple(box(x) for x in xs)
    return FrameSeen(
        "cam",
        Moment(1_790_000_000_000 + at_ms, at_ms, synced=True),
        640,
        360,
        () if regions else tuple(Detection("person", 0.9, each) for each in boxes),
        boxes if regions else (),
        fresh=fresh,
    )


def play(rules: CameraRules, frames: Iterable[FrameSeen], sight: Sight = PEOPLE) -> list[Observation]:
    state, said = camera.begin(rules), list[Observation]()
    for each in frames:
        state, more = camera.look(rules, sight, state, each)
        said += more
    return said


def events(said: Iterable[Observation], kind: EventKind) -> list[tuple[int, bool]]:
    return [(s.moment.mono_ms, s.data.active) for s in said if isinstance(s, EventSeen) and s.kind is kind]


def test_passers_by_are_no_crowd_and_those_who_stay_are() -> None:
    zone = ZoneRules(name="gate", limit=2, for_s=0, stay_s=5)
    # Four at any moment, each of whom is in view for four seconds: a fifth of the width in one.
    stream = [[0.05 * i - 0.2 * k for k in range(-5, 30)] for i in range(80)]
    stream = [[x for x in xs if 0.1 < x < 0.9] for xs in stream]
    assert all(len(xs) >= 3 for xs in stream)
    passing = play(CameraRules(zones=(zone,)), (frame(i, xs) for i, xs in enumerate(stream)))
    assert events(passing, EventKind.CROWD_FORMED) == []
    without = CameraRules(zones=(zone.model_copy(update={"stay_s": 0.0}),))
    passing = play(without, (frame(i, xs) for i, xs in enumerate(stream)))
    assert events(passing, EventKind.CROWD_FORMED) == [(0, True)]
    staying = play(CameraRules(zones=(zone,)), (frame(i, (0.2, 0.5, 0.8)) for i in range(40)))
    assert events(staying, EventKind.CROWD_FORMED) == [(5000, True)]


def test_one_person_who_flickers_and_jumps_never_counts_as_two() -> None:
    """E17: a limit of one is never exceeded by one person, whatever the tracker makes of him."""
    rules = CameraRules(zones=(ZoneRules(name="all", limit=1, for_s=0, dropout_s=0),))
    places = [0.2, 0.2, 0.2, 0.2, 0.7, 0.7, None, 0.1, None, None, 0.9, 0.3, 0.9, 0.9, 0.9, None, 0.5]
    said = play(rules, (frame(i, [] if x is None else [x]) for i, x in enumerate(places * 4)))
    assert events(said, EventKind.CROWD_FORMED) == []


def test_who_is_missed_this_moment_still_counts() -> None:
    """Three stand there, and the model finds two of them, each time two others."""
    rules = CameraRules(zones=(ZoneRules(name="all", limit=2, for_s=3, dropout_s=0.3),))
    whole = (0.2, 0.5, 0.8)
    frames = [frame(i, whole) for i in range(3)]
    frames += [frame(i, [x for k, x in enumerate(whole) if k != i % 3]) for i in range(3, 20)]
    said = play(rules, frames)
    assert events(said, EventKind.CROWD_FORMED) == [(3000, True)]
    data = next(s.data for s in said if isinstance(s, EventSeen))
    assert isinstance(data, CrowdData)
    assert data.count == 3


def test_lingering_is_said_once_a_person_and_ends_when_he_leaves() -> None:
    rules = CameraRules(zones=(ZoneRules(name="stairs", polygon=RIGHT_HALF, limit=50, loiter_s=10),))
    frames = []
    for i in range(240):
        t = i / FPS
        xs = [0.8]  # stays for 30 s, then leaves
        if t >= 30:
            xs = [max(0.8 - 0.1 * (t - 30), 0.3)]
        xs += [0.6] if 5 <= t < 8 else []  # stays for a moment
        xs += [0.65] if 12 <= t < 40 else []
        frames.append(frame(i, xs))
    said = [s for s in play(rules, frames) if isinstance(s, EventSeen) and s.kind is EventKind.LOITERING]
    data = [s.data for s in said]
    assert all(isinstance(each, LoiteringData) and each.zone == "stairs" for each in data)
    turns = [(s.data.track, s.data.active) for s in said if isinstance(s.data, LoiteringData)]
    first, second = turns[0][0], turns[1][0]
    assert turns == [(first, True), (second, True), (first, False), (second, False)]
    assert first != second
    assert [s.moment.mono_ms for s in said[:2]] == [10_250, 22_250]
    (begun, _, ended, _) = data
    assert isinstance(begun, LoiteringData)
    assert isinstance(ended, LoiteringData)
    assert (begun.dwell_s, begun.count, begun.basis) == (10.25, 1, "people")
    assert 32 <= ended.dwell_s <= 34


def test_a_step_over_the_rim_is_no_leaving_and_a_longer_one_is() -> None:
    rules = CameraRules(zones=(ZoneRules(name="z", polygon=RIGHT_HALF, limit=9, loiter_s=10, dropout_s=2),))

    def away_for(seconds: float) -> list[tuple[int, bool]]:
        frames = [frame(i, [0.47 if 5 <= i / FPS < 5 + seconds else 0.53]) for i in range(60)]
        return events(play(rules, frames), EventKind.LOITERING)

    assert away_for(1.5) == [(10_250, True)]
    assert away_for(3) == []


def test_regions_linger_as_regions() -> None:
    rules = CameraRules(zones=(ZoneRules(name="z", limit=9, loiter_s=2),), reading_every_s=1)
    said = play(rules, (frame(i, [0.5], regions=True) for i in range(20)), MOTION)
    (event,) = [s for s in said if isinstance(s, EventSeen)]
    assert isinstance(event.data, LoiteringData)
    assert event.data.basis == "moving_regions"
    assert "dwell_max_s" not in {s.metric for s in said if isinstance(s, ReadingSeen)}


def test_the_longest_stay_is_a_reading_of_cameras_with_zones() -> None:
    def longest(rules: CameraRules) -> list[float]:
        # One who stays, and leaves at 6 s; another who comes at 8 s.
        xs = [[0.7] if i < 24 else [] if i < 32 else [0.2] for i in range(61)]
        said = play(rules, (frame(i, each) for i, each in enumerate(xs)))
        return [s.value for s in said if isinstance(s, ReadingSeen) and s.metric == "dwell_max_s"]

    assert longest(CameraRules(reading_every_s=5)) == []
    # Seen until 5.75 s, and expected there until his track ends at 8.75 s.
    values = longest(CameraRules(zones=(ZoneRules(name="z", limit=9),), reading_every_s=5))
    assert values == [5.0, pytest.approx(8.75, abs=0.26), 7.0]


def test_frames_that_nobody_looked_at_hold_the_count_and_the_stay() -> None:
    rules = CameraRules(zones=(ZoneRules(name="z", limit=1, for_s=6, loiter_s=8, dropout_s=1),))
    said = play(rules, (frame(i, [0.3, 0.6], fresh=i % 8 == 0) for i in range(40)))
    assert events(said, EventKind.CROWD_FORMED) == [(6000, True)]
    assert events(said, EventKind.LOITERING) == [(8250, True), (8250, True)]


def test_stays() -> None:
    stays, ended = step((), {3, 1}, {1, 3}, 2.0, 1000)
    assert stays == (Stay(1, 1000, 1000), Stay(3, 1000, 1000))
    assert ended == ()
    stays, ended = step(stays, {1}, {1, 3}, 2.0, 3000)
    assert [s.dwell_s for s in stays] == [2.0, 0.0]
    stays, ended = step(stays, {1}, {1, 3}, 2.0, 3001)
    assert ([s.track for s in stays], [s.track for s in ended]) == ([1], [3])
    stays, ended = step(stays, set(), set(), 2.0, 3002)
    assert (stays, [s.track for s in ended]) == ((), [1]), "a stay ends with its track"
