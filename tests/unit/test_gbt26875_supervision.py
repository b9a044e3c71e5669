"""Silence, duty checks, the clock: what the centre does unasked."""

from edge.agent.gbt26875 import objects as o
from edge.agent.gbt26875.data_units import decode_data
from edge.agent.gbt26875.frame import Command, Frame
from tests.unit.gbt26875_vectors import CENTRE, TIME, TRANSMITTER
from tests.unit.gbt26875_world import World, moment, told


def test_silence_is_asked_about_then_said_and_a_sign_of_life_ends_it() -> None:
    world = World()
    asked = world.pass_s(60)
    assert [(f.command, f.data) for f in asked.frames] == [(Command.REQUEST, b"\x51\x01\x00")]
    assert asked.said == []
    assert told(world.pass_s(79, linked=False).said) == [("panel-1", "device_lost", True, False)]
    assert world.pass_s(500, linked=False).said == []
    out = world.send(None)
    assert told(out.said) == [("panel-1", "device_recovered", True, False)]
    assert [f.command for f in out.frames] == [Command.CONFIRM], "an empty frame is a heartbeat"


def test_one_that_may_be_silent_is_never_lost() -> None:
    world = World(heartbeat_s=None)
    out = world.pass_s(10_000)
    assert (out.said, out.frames) == ([], [])


def duty_world() -> World:
    world = World(heartbeat_s=None, duty={"every_s": 600, "answer_min": 5})
    world.send(None)
    return world


def test_a_duty_check_is_sent_confirmed_and_answered() -> None:
    world = duty_world()
    (call,) = world.pass_s(600).frames
    assert (call.command, call.data, call.destination, call.source) == (
        1,
        b"\x5b\x01\x05",
        TRANSMITTER,
        CENTRE,
    )
    world.centre.hear(Frame(call.serial, TRANSMITTER, CENTRE, Command.CONFIRM, TIME), moment(world.now_s))
    assert world.pass_s(60).frames == []
    assert told(world.send(24, o.TransmitterOperation(0x20, 3, TIME)).said) == []
    assert world.pass_s(400).said == []


def test_a_duty_check_that_nobody_answers_is_a_fault_until_one_is() -> None:
    world = duty_world()
    (call,) = world.pass_s(600).frames
    world.centre.hear(Frame(call.serial, TRANSMITTER, CENTRE, Command.CONFIRM, TIME), moment(world.now_s))
    assert told(world.pass_s(299).said) == []
    assert told(world.pass_s(1).said) == [("panel-1", "duty_unanswered", True, False)]
    out = world.send(24, o.TransmitterOperation(0x20, 3, TIME))
    assert told(out.said) == [("panel-1", "duty_unanswered", False, False)]


def test_a_call_that_is_not_confirmed_is_sent_three_times_then_a_fault() -> None:
    world = duty_world()
    sent = [f.serial for step in (600, 10, 10) for f in world.pass_s(step).frames]
    assert len(sent) == 3
    assert len(set(sent)) == 1
    assert told(world.pass_s(10).said) == [("panel-1", "call_unanswered_duty_check", True, False)]


def test_a_denied_call_is_a_fault_and_the_next_confirmed_one_ends_it() -> None:
    world = duty_world()
    (call,) = world.pass_s(600).frames
    out = world.centre.hear(Frame(call.serial, TRANSMITTER, CENTRE, Command.DENY, TIME), moment(world.now_s))
    assert told(out.said) == [("panel-1", "call_unanswered_duty_check", True, False)]
    (call,) = world.pass_s(600).frames
    out = world.centre.hear(
        Frame(call.serial, TRANSMITTER, CENTRE, Command.CONFIRM, TIME), moment(world.now_s)
    )
    assert told(out.said) == [("panel-1", "call_unanswered_duty_check", False, False)]


def test_the_clock_is_set_only_while_ours_is_right() -> None:
    world = World(heartbeat_s=None, clock_every_s=3600)
    assert world.pass_s(10, synced=False).frames == []
    (call,) = world.pass_s(10).frames
    unit = decode_data(call.data)
    assert unit is not None
    (clock,) = unit.objects
    assert isinstance(clock, o.ClockTime)
    assert clock.time is not None
    assert (unit.type, clock.time.text()) == (90, "2026-09-21 22:13:40"), "in the transmitters' zone"
    world.centre.hear(Frame(call.serial, TRANSMITTER, CENTRE, Command.CONFIRM, TIME), moment(world.now_s))
    assert world.pass_s(3599).frames == []
    assert len(world.pass_s(1).frames) == 1
