"""Which alarm gets a picture, whose, and how often."""

from dataclasses import replace
from uuid import UUID

import pytest
import uuid_utils.compat
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.observation import EventSeen, Moment
from edge.agent.policy.evidence import (
    OWN_KINDS,
    SENSOR_KINDS,
    Alarm,
    EvidenceRules,
    EvidenceState,
    alarm_of,
    ask,
    serve,
)
from redwhistle.contracts.events import CrowdData, EventData, EventKind, SeenData, SmokeData

EVENT = UUID("019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b")
MOMENT = Moment(1, 1, synced=True)
CAMERA_RULES = {"cam": EvidenceRules(), "hall": EvidenceRules(also_for=("smoke-1", "b7"))}
FIRE = Alarm(EVENT, "cam", EventKind.FLAME_SEEN, None, None)
SMOKE = Alarm(EVENT, "smoke-1", EventKind.SMOKE, "b7-u2", None)


def served(state: EvidenceState, camera: str, now_ms: int, frame_ms: int | None = None) -> tuple[Alarm, ...]:
    return serve(state, camera, now_ms if frame_ms is None else frame_ms, now_ms)[1]


def test_a_cameras_own_alarm_gets_its_own_frame_and_no_others() -> None:
    state = ask(CAMERA_RULES, EvidenceState(), FIRE, 1000)
    assert state.waits_for("cam")
    assert not state.waits_for("hall")
    assert served(state, "hall", 1000) == ()
    assert served(state, "cam", 1000) == (FIRE,)


@pytest.mark.parametrize("alarm", [SMOKE, replace(SMOKE, device="heat-9", kind=EventKind.HEAT, place="b7")])
def test_a_sensors_alarm_gets_a_frame_of_the_camera_that_is_configured_for_it(alarm: Alarm) -> None:
    state = ask(CAMERA_RULES, EvidenceState(), alarm, 1000)
    assert served(state, "cam", 1000) == ()
    assert served(state, "hall", 1200) == (alarm,)


@pytest.mark.parametrize(
    ("rules", "alarm"),
    [
        ({"cam": EvidenceRules(enabled=False)}, FIRE),
        ({"cam": EvidenceRules()}, SMOKE),
        ({"hall": EvidenceRules(also_for=("cam",))}, FIRE),
        ({"hall": EvidenceRules(enabled=False, also_for=("smoke-1",))}, SMOKE),
        ({}, FIRE),
    ],
)
def test_nobody_is_asked_for_it(rules: dict[str, EvidenceRules], alarm: Alarm) -> None:
    assert ask(rules, EvidenceState(), alarm, 1000) == EvidenceState()


def test_a_frame_is_at_most_five_seconds_from_its_alarm() -> None:
    state = ask(CAMERA_RULES, EvidenceState(), SMOKE, 10_000)
    assert served(state, "hall", 15_001) == ()
    assert served(state, "hall", 10_500, frame_ms=4_999) == ()
    assert served(state, "hall", 15_000) == (SMOKE,)


def test_one_picture_for_a_device_and_kind_in_ten_minutes() -> None:
    state = ask(CAMERA_RULES, EvidenceState(), FIRE, 0)
    state = ask(CAMERA_RULES, state, replace(FIRE, event=uuid_utils.compat.uuid7()), 100)
    state, taken = serve(state, "cam", 100, 100)
    assert taken == (FIRE,)
    assert ask(CAMERA_RULES, state, FIRE, 600_099) == state
    assert served(ask(CAMERA_RULES, state, FIRE, 600_100), "cam", 600_100) == (FIRE,)


def test_a_second_fire_elsewhere_another_kind_or_what_is_real_beside_a_drill_has_its_own() -> None:
    rules = {**CAMERA_RULES, "cam-2": EvidenceRules()}
    others = [replace(FIRE, device="cam-2"), replace(FIRE, kind=EventKind.SMOKE_SEEN)]
    drill = replace(FIRE, exercise="drill-1")
    state, _ = serve(ask(rules, EvidenceState(), drill, 0), "cam", 0, 0)
    for alarm in (FIRE, *others):
        assert served(ask(rules, state, alarm, 10), alarm.device, 10) == (alarm,)


def test_an_alarm_whose_camera_gave_nothing_may_ask_again() -> None:
    state = ask(CAMERA_RULES, EvidenceState(), SMOKE, 0)
    again = replace(SMOKE, event=uuid_utils.compat.uuid7())
    state = ask(CAMERA_RULES, state, again, 6_000)
    assert served(state, "hall", 6_100) == (again,)


@pytest.mark.parametrize("kind", list(EventKind))
def test_ends_and_tests_get_no_picture_and_only_these_kinds_do(kind: EventKind) -> None:
    data: EventData = EventData()
    if kind in {EventKind.FLAME_SEEN, EventKind.SMOKE_SEEN}:
        data = SeenData(score=0.9)
    elif kind is EventKind.CROWD_FORMED:
        data = CrowdData(count=9, limit=3, zone="z")
    elif kind is EventKind.SMOKE:
        data = SmokeData()
    seen = EventSeen("dev", kind, data, MOMENT)
    assert (alarm_of(EVENT, seen) is not None) == (kind in OWN_KINDS | SENSOR_KINDS)
    assert alarm_of(EVENT, replace(seen, test=True)) is None
    assert alarm_of(EVENT, replace(seen, data=data.model_copy(update={"active": False}))) is None


alarms = st.builds(
    Alarm,
    st.uuids(),
    st.sampled_from(["cam", "cam-2", "smoke-1", "smoke-2"]),
    st.sampled_from(sorted(OWN_KINDS | SENSOR_KINDS)),
    st.sampled_from([None, "b7"]),
    st.sampled_from([None, "drill-1"]),
)
steps = st.lists(
    st.tuples(st.integers(0, 700_000), alarms | st.sampled_from(["cam", "cam-2", "hall"])), max_size=60
)


@given(steps)
def test_whatever_comes_the_state_is_bounded_and_no_key_has_two_pictures_within_its_time(
    script: list[tuple[int, Alarm | str]],
) -> None:
    rules = {**CAMERA_RULES, "cam-2": EvidenceRules(also_for=("smoke-2", "smoke-1"))}
    state, now_ms = EvidenceState(), 0
    last: dict[tuple[str, EventKind, str | None], int] = {}
    for wait_ms, one in script:
        now_ms += wait_ms
        if isinstance(one, Alarm):
            state = ask(rules, state, one, now_ms)
        else:
            state, taken = serve(state, one, now_ms, now_ms)
            for alarm in taken:
                assert now_ms - last.get(alarm.key, -600_000) >= 600_000
                last[alarm.key] = now_ms
            assert all(until > now_ms for until in state.until_ms.values()), "what is over is forgotten"
        assert len(state.wishes) <= 64
