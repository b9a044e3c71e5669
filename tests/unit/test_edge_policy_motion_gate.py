"""The motion gate: models rest before a still picture, and for nothing else."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.detectors.view import ViewMeter
from edge.agent.observation import Detection, EventSeen, FireGrid, FrameSeen, Moment, Observation, ReadingSeen
from edge.agent.pipeline import CameraPipeline, Found, Frame, Image, Watch
from edge.agent.policy import camera as policy
from edge.agent.policy.camera import CameraRules
from edge.agent.policy.fire import FlameRules
from edge.agent.policy.motion_gate import GateRules, GateState, Glance, decide
from edge.agent.policy.sight import Sight
from edge.agent.policy.view import ViewRules
from redwhistle.contracts.events import EventKind

FPS = 4
STILL = Glance(since_look=3.0, since_background=3.0, noise=0.5)
NO_VIEW = ViewRules(enabled=False)


class Sink:
    def __init__(self) -> None:
        self.events: list[EventSeen] = []
        self.readings: list[ReadingSeen] = []

    def event(self, seen: EventSeen) -> None:
        self.events.append(seen)

    def reading(self, seen: ReadingSeen) -> None:
        self.readings.append(seen)


def grid(flame: float) -> FireGrid:
    """Four places, one of which looks like fire and has just changed."""
    return FireGrid(2, 2, (flame, 0, 0, 0), (0,) * 4, (1, 0, 0, 0), (0,) * 4)


class Model:
    """Counts its looks; finds what the test says, at the time of the look."""

    def __init__(self, *found: Detection, flame: float | None = None, model: str | None = "net 1") -> None:
        self.found = found
        self.flame = flame
        self.calls = 0
        self._model = model

    @property
    def labels(self) -> frozenset[str]:
        return frozenset({"person", "flame"})

    @property
    def model(self) -> str | None:
        return self._model

    def look(self, image_bgr: Image) -> Found:
        assert image_bgr.shape == (360, 640, 3)
        self.calls += 1
        return Found(detections=self.found, fire=None if self.flame is None else grid(self.flame))


class Camera:
    """A pipeline with the real meter, over pictures that a test makes."""

    def __init__(self, model: Model, rules: CameraRules | None = None, gate: GateRules | None = None) -> None:
        self.sink, self.model, self.at_ms = Sink(), model, 0
        watch = Watch(ViewMeter(), gate or GateRules(), NO_VIEW)
        self.pipeline = CameraPipeline("cam", rules or CameraRules(), [model], self.sink, watch=watch)

    def show(self, image: Image, gap_ms: int = 1000 // FPS) -> bool:
        """True when the model looked."""
        self.at_ms += gap_ms
        before = self.model.calls
        self.pipeline.process(Frame(image, Moment(1_790_000_000_000 + self.at_ms, self.at_ms, synced=True)))
        return self.model.calls > before


_random = np.random.default_rng(5)
ROOM = np.clip(
    np.kron(_random.integers(40, 200, (9, 16, 3)), np.ones((40, 40, 1))) + _random.normal(0, 6, (360, 640, 3)), 0, 255
).astype(np.uint8)  # fmt: skip


_NOISES = [_random.normal(0, 1, ROOM.shape).astype(np.float32) for _ in range(5)]
_next_noise = itertools.cycle(_NOISES)


def room(sigma: float = 2.0) -> Image:
    """The same room again, with the noise of a sensor."""
    return np.clip(ROOM + sigma * next(_next_noise), 0, 255).astype(np.uint8)


def settled(camera: Camera) -> Camera:
    for _ in range(12):
        camera.show(room())
    return camera


@pytest.mark.parametrize("sigma", [0.0, 2.0, 6.0])
def test_an_empty_room_costs_one_look_in_two_seconds(sigma: float) -> None:
    camera = Camera(Model())
    looks = sum(camera.show(room(sigma)) for _ in range(20 * FPS))
    assert looks == 10
    off = Camera(Model(), gate=GateRules(enabled=False))
    assert sum(off.show(room(sigma)) for _ in range(20)) == 20
    plain = Camera(Model(model=None))
    for _ in range(20):
        plain.show(room(sigma))
    assert plain.model.calls == 20


def test_a_small_flame_in_a_corner_opens_the_gate_when_it_flickers() -> None:
    camera = settled(Camera(Model()))
    looks = []
    for i in range(20):
        picture = room()
        picture[340:348, 20:28] = (60, 140, 255) if i % 2 else (30, 80, 200)
        looks.append(camera.show(picture))
    assert all(looks)


def test_a_glow_that_grows_by_little_is_seen_against_what_was_looked_at() -> None:
    camera = settled(Camera(Model(), gate=GateRules(idle_look_s=60)))
    for _ in range(8):
        camera.show(room(0))
    first = None
    for i in range(40):
        picture = room(0)
        picture[200:216, 300:316] = np.clip(picture[200:216, 300:316].astype(int) + 2 * i, 0, 255)
        if camera.show(picture) and first is None:
            first = i
    assert first is not None
    assert first <= 10


def test_what_came_is_looked_at_for_a_while_even_if_it_stands() -> None:
    camera = settled(Camera(Model()))
    picture = ROOM.copy()
    picture[100:300, 300:380] = 20
    looks = [camera.show(picture) for _ in range(8 * FPS)]
    assert all(looks), "against the background it is news for longer than a fire needs to be believed"


def test_every_frame_is_looked_at_while_something_is_uncertain_and_hits_come_from_looks_alone() -> None:
    rules = CameraRules(flame=FlameRules(hits=4, lasts_s=0.5, learn_s=0, clear_for_s=5))
    model = Model(flame=0.0)
    camera = settled(Camera(model, rules))
    while not camera.show(room()):
        pass
    # A flame appears that changes nothing in the picture for the gate: found by the idle look, then by every frame.
    model.flame = 0.9
    shown = [camera.show(room()) for _ in range(2 * FPS + 6)]
    assert shown[: 2 * FPS - 1] == [False] * (2 * FPS - 1)
    assert all(shown[2 * FPS - 1 :])
    assert [e.kind for e in camera.sink.events] == [EventKind.FLAME_SEEN]
    model.flame = 0.0
    assert all(camera.show(room()) for _ in range(5 * FPS)), "until it is over"
    assert [e.data.active for e in camera.sink.events] == [True, False]


def test_one_look_with_a_flame_is_one_hit_however_often_its_frame_is_repeated() -> None:
    rules = CameraRules(flame=FlameRules(hits=2, share=0.1, lasts_s=1, learn_s=0))
    said: list[Observation] = []
    state = policy.begin(rules)
    for i in range(8):
        moment = Moment(i, 250 * i, True)
        seen = FrameSeen("cam", moment, 640, 360, fire=grid(0.9), fresh=i in {0, 7})
        state, more = policy.look(rules, Sight(people=True), state, seen)
        said += more
    assert [s.moment.mono_ms for s in said if isinstance(s, EventSeen)] == [1750]


def test_a_doubtful_flame_keeps_the_gate_open() -> None:
    rules = CameraRules(flame=FlameRules(score_min=0.6))
    camera = settled(Camera(Model(flame=0.35), rules))
    assert all(camera.show(room()) for _ in range(12))
    camera = settled(Camera(Model(flame=0.2), rules))
    assert not all(camera.show(room()) for _ in range(12))


def test_people_who_sit_still_stand_in_the_count() -> None:
    model = Model(*(Detection("person", 0.9, (50.0 * k, 50, 50 * k + 40, 200)) for k in range(3)))
    camera = Camera(model, CameraRules(reading_every_s=5))
    for _ in range(11 * FPS):
        camera.show(room())
    assert model.calls < 11 * FPS / 4
    assert [r.value for r in camera.sink.readings if r.metric == "people_count"] == [3, 3]
    assert [r.value for r in camera.sink.readings if r.metric == "frames_per_s"] == [FPS, FPS]


def test_after_a_gap_or_a_reconnect_the_next_frame_is_looked_at() -> None:
    camera = settled(Camera(Model(), gate=GateRules(idle_look_s=60)))
    while camera.show(room()):
        pass
    assert camera.show(room(), gap_ms=1500)
    assert not camera.show(room())
    camera.pipeline.reconnected()
    assert camera.show(room())
    assert not camera.show(room())


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.floats(0, 255), st.floats(0, 255), st.floats(0, 60)), max_size=50),
    st.floats(0.2, 60),
)  # fmt: skip
def test_no_pause_between_looks_is_longer_than_allowed_and_no_great_change_is_missed(
    frames: list[tuple[int, float, float, float]], idle_look_s: float
) -> None:
    rules, state, now_ms, looked_ms = GateRules(idle_look_s=idle_look_s), GateState(), 0, None
    for gap_ms, since_look, since_background, noise in frames:
        now_ms += gap_ms
        glance = Glance(since_look, since_background, noise)
        state, look = decide(rules, state, glance, now_ms, uncertain=False)
        if max(since_look, since_background) >= 2 * rules.change_min:
            assert look, "noise never hides a change of this size"
        if not look:
            assert looked_ms is not None
            assert now_ms - looked_ms < 1000 * idle_look_s
        else:
            looked_ms = now_ms
    assert decide(rules, state, STILL, now_ms, uncertain=True)[1]
