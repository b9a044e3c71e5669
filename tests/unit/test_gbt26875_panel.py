"""What fire panels' reports become: alarms, tests, faults, readings, replies, supervision."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.gbt26875 import objects as o
from edge.agent.gbt26875.frame import Command, Damaged, Frame, decode_frame, examine
from edge.agent.gbt26875.names import COMPONENT_TYPES
from edge.agent.gbt26875.objects import InfoObject
from edge.agent.observation import EventSeen, Observation, ReadingSeen
from edge.agent.policy.panel_conditions import MAX_HELD
from edge.agent.sources.gbt26875 import Centre, unmapped_component
from redwhistle.contracts.events import lane_of
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.readings import Reading
from tests.unit.gbt26875_vectors import (
    CENTRE,
    CONFIRM,
    MAINS_FAULT,
    SMOKE_FIRE,
    TIME,
    TRANSMITTER,
    component,
)
from tests.unit.gbt26875_world import FIRE, NORMAL, World, moment, settings, told

SMOKE = ("smoke-b1-f3-2", "smoke", True, False)
SMOKE_OVER = ("smoke-b1-f3-2", "smoke", False, False)
SMOKE_TEST = ("smoke-b1-f3-2", "smoke", True, True)


def test_the_checked_vector_is_an_alarm_that_says_everything() -> None:
    world = World()
    out = world.centre.hear(decode_frame(SMOKE_FIRE), moment(5))
    (event,) = out.said
    assert isinstance(event, EventSeen)
    assert told(out.said) == [SMOKE]
    assert (event.place, event.moment) == ("b1-f3", moment(5)), "the box's own time"
    note = event.data.note or ""
    assert "感烟火灾探测器 / smoke detector 10-2" in note
    assert "panel time 2012-09-26 09:58:02" in note
    assert "taken as real" in note, "bit 0 is 0, and nothing shows that this transmitter uses it"
    (reply,) = out.frames
    confirm = decode_frame(CONFIRM)
    assert (reply.serial, reply.source, reply.destination, reply.command, reply.data) == (
        (confirm.serial, confirm.source, confirm.destination, confirm.command, b"")
    )


@pytest.mark.parametrize(
    ("component_type", "kind"),
    [
        *((number, "smoke") for number in (40, 41, 42, 43, 44, 51, 25, 84, 96, 0, 200, 1)),
        *((number, "heat") for number in (30, 31, 37, 18)),
        *((number, "gas") for number in (10, 11, 13, 74)),
        *((number, "manual_call") for number in (23, 24)),
        *((number, "flame_seen") for number in (61, 62, 69, 78)),
    ],
)
def test_a_fire_bit_becomes_the_alarm_of_its_component(component_type: int, kind: str) -> None:
    out = World().send(2, component(3, component_type=component_type))
    assert told(out.said) == [("smoke-b1-f3-2", kind, True, False)]


def test_no_component_type_whatever_hides_a_fire() -> None:
    for component_type in range(256):
        (event,) = World().send(2, component(3, component_type=component_type)).said
        assert isinstance(event, EventSeen)
        assert lane_of(event.kind) is Lane.ALARM
        assert not event.test
        unsure = component_type not in COMPONENT_TYPES
        assert not unsure or "does not say what it senses" in (event.data.note or "")


def test_the_configured_kind_wins_over_the_component_type() -> None:
    assert told(World().send(2, component(3, component_type=85, number=3)).said) == [
        ("module-b1", "gas", True, False)
    ]


def test_a_fire_is_repeated_once_a_minute_and_ends_with_the_normal_state() -> None:
    world = World()
    assert told(world.send(2, component(3)).said) == [SMOKE]
    assert told(world.send(2, component(3)).said) == [], "the same frame again"
    world.now_s = 61
    assert told(world.send(2, component(3)).said) == [SMOKE]
    assert told(world.send(2, component(NORMAL)).said) == [SMOKE_OVER]
    assert told(world.send(2, component(NORMAL)).said) == []


@pytest.mark.parametrize(
    "reset",
    [
        (1, o.SystemState(1, 1, 0x2001, TIME)),
        (4, o.Operation(1, 1, 1, 9, TIME)),
        (24, o.TransmitterOperation(1, 9, TIME)),
    ],
)
def test_a_reset_ends_what_held_and_the_next_alarm_is_new(reset: tuple[int, InfoObject]) -> None:
    world = World()
    world.send(2, component(3), component(3, number=7))
    ended = told(world.send(*reset).said)
    assert sorted(ended) == sorted(
        [SMOKE_OVER, (unmapped_component("panel-1", 1, 1, 0x7000A), "smoke", False, False)]
    )
    assert told(world.send(2, component(3)).said) == [SMOKE]


def test_the_reset_of_another_system_ends_nothing() -> None:
    world = World()
    world.send(2, component(3))
    assert told(world.send(1, o.SystemState(12, 1, 0x2001, TIME)).said) == []


def test_a_proven_test_bit_makes_a_test_and_never_a_real_alarm() -> None:
    world = World()
    world.send(2, component(3, number=9))
    assert told(world.send(2, component(FIRE)).said) == [SMOKE_TEST]
    assert told(world.send(2, component(3)).said) == [SMOKE], "a test hides no fire"
    assert told(world.send(2, component(FIRE)).said) == [], "and ends none"
    assert told(world.send(2, component(NORMAL)).said) == [
        SMOKE_OVER,
        ("smoke-b1-f3-2", "smoke", False, True),
    ]


def test_a_panel_that_says_normal_or_fire_has_not_proven_its_test_bit() -> None:
    world = World()
    world.send(2, component(NORMAL))
    assert told(world.send(2, component(FIRE)).said) == [SMOKE], (
        "1 for normal and 2 for fire: two words, no bits"
    )


@pytest.mark.parametrize(("test_bit", "test"), [("standard", True), ("unused", False)])
def test_the_meaning_of_the_test_bit_can_be_configured(test_bit: str, test: bool) -> None:
    assert told(World(test_bit=test_bit).send(2, component(FIRE)).said) == [
        ("smoke-b1-f3-2", "smoke", True, test)
    ]


def test_each_kind_of_state_proves_its_own_test_bit() -> None:
    world = World()
    world.send(21, o.TransmitterState(3, TIME))
    assert told(world.send(2, component(FIRE)).said) == [SMOKE]


def test_a_controller_repeats_a_fire_that_a_detector_has_named() -> None:
    world = World()
    assert told(world.send(2, component(3)).said) == [SMOKE]
    assert told(world.send(1, o.SystemState(1, 1, 3, TIME)).said) == [], (
        "one fire, one source: no false confirmation"
    )
    assert told(world.send(21, o.TransmitterState(3, TIME)).said) == []
    assert told(world.send(2, component(NORMAL)).said) == [SMOKE_OVER]
    assert told(world.send(1, o.SystemState(1, 1, 3, TIME)).said) == [], "still the same fire"
    world.send(1, o.SystemState(1, 1, 1, TIME))
    assert told(world.send(1, o.SystemState(1, 1, 3, TIME)).said) == [("panel-1", "smoke", True, False)]


@pytest.mark.parametrize(
    ("kind", "said"), [(1, o.SystemState(1, 1, 3, TIME)), (21, o.TransmitterState(3, TIME))]
)
def test_a_fire_that_no_detector_has_named_is_an_alarm_of_the_panel(kind: int, said: InfoObject) -> None:
    world = World()
    assert told(world.send(kind, said).said) == [("panel-1", "smoke", True, False)]
    assert told(world.send(2, component(3)).said) == [SMOKE]


def test_the_mains_fault_vector_and_its_end() -> None:
    world = World()
    fault = world.centre.hear(decode_frame(MAINS_FAULT), moment(0))
    assert told(fault.said) == [("panel-1", "transmitter_mains_fault", True, False)]
    assert told(world.send(21, o.TransmitterState(NORMAL, TIME)).said) == [
        ("panel-1", "transmitter_mains_fault", False, False)
    ]


@pytest.mark.parametrize(
    ("kind", "make", "codes"),
    [
        (2, component, {2: "detector_fault", 3: "shielded", 4: "supervisory", 8: "power_fault"}),
        (
            1,
            lambda state: o.SystemState(1, 1, state, TIME),
            {2: "panel_fault", 3: "panel_shielded", 4: "panel_supervisory", 8: "mains_fault"}
            | {9: "backup_fault", 10: "bus_fault"},
        ),
        (
            21,
            lambda state: o.TransmitterState(state, TIME),
            {2: "transmitter_fault", 3: "transmitter_mains_fault", 4: "transmitter_backup_fault"}
            | {5: "channel_fault", 6: "line_fault"},
        ),
    ],
)
def test_every_fault_bit_begins_and_ends_a_fault(kind: int, make: Any, codes: dict[int, str]) -> None:
    for bit in range(2, 8 if kind == 21 else 16):
        world = World()
        begun = [(code, active) for _, code, active, _ in told(world.send(kind, make(1 | 1 << bit)).said)]
        over = [(code, active) for _, code, active, _ in told(world.send(kind, make(1)).said)]
        expected = [codes[bit]] if bit in codes else []
        assert begun == [(code, True) for code in expected]
        assert over == [(code, False) for code in expected]


def test_a_fault_of_two_systems_ends_with_the_last_of_them() -> None:
    world = World()
    world.send(1, o.SystemState(1, 1, 0x101, TIME))
    world.send(1, o.SystemState(12, 1, 0x101, TIME))
    assert told(world.send(1, o.SystemState(1, 1, 1, TIME)).said) == []
    assert told(world.send(1, o.SystemState(12, 1, 1, TIME)).said) == [
        ("panel-1", "mains_fault", False, False)
    ]


@pytest.mark.parametrize(
    ("kind", "said", "test"),
    [
        (4, o.Operation(1, 1, 4, 9, TIME), False),
        (24, o.TransmitterOperation(4, 9, TIME), False),
        (24, o.TransmitterOperation(0x44, 9, TIME), True),
    ],
)
def test_a_manual_alarm_at_the_panel_is_a_manual_call(kind: int, said: InfoObject, test: bool) -> None:
    assert told(World().send(kind, said).said) == [("panel-1", "manual_call", True, test)]


@pytest.mark.parametrize("operation", [0, 2, 8, 16, 32, 64])
def test_other_operations_raise_nothing(operation: int) -> None:
    assert told(World().send(4, o.Operation(1, 1, operation, 9, TIME)).said) == []


def test_values_become_readings_of_configured_components_only() -> None:
    world = World()
    out = world.send(3, o.AnalogValue(1, 1, 30, 9, 3, 315, TIME), o.AnalogValue(1, 1, 30, 77, 3, 315, TIME))
    assert [(r.device, r.metric, r.value) for r in out.said if isinstance(r, ReadingSeen)] == [
        ("temp-1", "temperature_c", 31.5)
    ]
    for analog_type in range(256):
        for seen in world.send(3, o.AnalogValue(1, 1, 30, 9, analog_type, -7, TIME)).said:
            assert isinstance(seen, ReadingSeen)
            at = seen.moment
            Reading(
                device=seen.device, metric=seen.metric, value=seen.value, at_ms=at.at_ms, mono_ms=at.mono_ms
            )


def test_an_unknown_component_gets_a_name_a_place_and_a_note() -> None:
    (event,) = World().send(2, component(3, number=77)).said
    assert isinstance(event, EventSeen)
    assert (event.device, event.place) == ("panel-1-s1-1-c10-77", "b1-f3")
    assert "not in the configuration" in (event.data.note or "")
    (event,) = World().send(2, component(3, zone=4, number=77)).said
    assert isinstance(event, EventSeen)
    assert event.place == "yard"


@given(st.from_regex(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?", fullmatch=True), st.integers(0, 2**32 - 1))
def test_every_made_up_name_is_a_device_id(panel: str, address: int) -> None:
    name = unmapped_component(panel, 255, 255, address)
    Reading(device=name, metric="x", value=0, at_ms=0, mono_ms=0)


def test_a_fire_of_an_unknown_transmitter_is_a_fire() -> None:
    out = World().send(2, component(3), source=4711)
    assert told(out.said) == [("unmapped-fire-panel-4711-s1-1-c10-2", "smoke", True, False)]
    assert [f.command for f in out.frames] == [Command.CONFIRM]
    world = World()
    for source in range(1000, 1300):
        assert world.send(2, component(3), source=source).said


def test_what_is_held_is_bounded() -> None:
    world = World()
    for number in range(MAX_HELD + 50):
        assert world.send(2, component(3, number=number)).said
    assert len(world.centre._known[TRANSMITTER]._panel._held) == MAX_HELD


@pytest.mark.parametrize("data", [b"\x02\x01" + bytes(20), b"\x15\x02\x01"])
def test_data_that_cannot_be_read_are_denied_and_said_at_once(data: bytes) -> None:
    world = World()
    out = world.centre.hear(Frame(9, TRANSMITTER, CENTRE, 2, TIME, data), moment(0))
    assert told(out.said) == [("panel-1", "unreadable_data", True, False)]
    assert [(f.command, f.serial) for f in out.frames] == [(Command.DENY, 9)]
    assert told(world.pass_s(61).said) == [("panel-1", "unreadable_data", False, False)]


def test_a_makers_own_type_is_confirmed_and_said() -> None:
    world = World()
    out = world.centre.hear(Frame(9, TRANSMITTER, CENTRE, 2, TIME, b"\x80\x01abc"), moment(0))
    assert told(out.said) == [("panel-1", "unknown_data_type_128", True, False)]
    assert [f.command for f in out.frames] == [Command.CONFIRM]


def test_what_is_readable_counts_also_when_more_follows() -> None:
    world = World()
    data = decode_frame(SMOKE_FIRE).data + b"more"
    out = world.centre.hear(Frame(9, TRANSMITTER, CENTRE, 2, TIME, data), moment(0))
    assert told(out.said) == [SMOKE, ("panel-1", "unreadable_data", True, False)]


def test_a_damaged_frame_is_denied_and_five_in_a_row_are_a_fault() -> None:
    centre = Centre(settings())
    damaged = examine(SMOKE_FIRE[:40] + b"!" + SMOKE_FIRE[41:])
    assert isinstance(damaged, Damaged)
    said: list[Observation] = []
    for at_s in (0, 20, 40, 60, 80):
        out = centre.hear(damaged, moment(at_s))
        said += out.said
        assert [(f.command, f.serial, f.destination) for f in out.frames] == [(Command.DENY, 1, TRANSMITTER)]
    assert told(said) == [("fire-receiver", "malformed_frames", True, False)]
    out = centre.hear(decode_frame(MAINS_FAULT), moment(81))
    assert ("fire-receiver", "malformed_frames", False, False) in told(out.said)


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (1, Command.DENY),
        (2, Command.CONFIRM),
        (3, None),
        (4, Command.DENY),
        (5, None),
        (6, None),
        (7, None),
        (200, None),
    ],
)
def test_replies(command: int, reply: Command | None) -> None:
    out = World().send(None, command=command)
    assert [f.command for f in out.frames] == ([] if reply is None else [reply])
    assert out.said == []


def test_an_answer_is_judged_like_a_report() -> None:
    out = World().send(2, component(3), command=Command.ANSWER)
    assert (told(out.said), out.frames) == ([SMOKE], [])


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 2, 3, 4, 21, 24, 91, 128]), st.binary(max_size=60), st.integers(0, 255))
    )
)
def test_no_data_whatever_break_the_centre(frames: list[tuple[int, bytes, int]]) -> None:
    world = World(duty={"every_s": 60, "answer_min": 1}, clock_every_s=60)
    for number, (kind, body, command) in enumerate(frames):
        data = bytes((kind, number % 3)) + body
        out = world.centre.hear(Frame(number, TRANSMITTER, CENTRE, command, TIME, data), moment(world.now_s))
        assert not any(isinstance(s, EventSeen) and s.device == "fire-receiver" for s in out.said)
        world.pass_s(40)


def test_a_fault_of_our_own_is_said_and_the_frame_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()

    def trip(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(world.centre._known[TRANSMITTER], "hear", trip, raising=False)
    out = world.send(2, component(3))
    assert told(out.said) == [("fire-receiver", "message_failed", True, False)]
    assert [f.command for f in out.frames] == [Command.DENY]
