"""Dry contacts: what they say, how their wires are supervised, and gates by their contact."""

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.agent.gpio.double import DoubleChips
from edge.agent.policy import contact_line
from edge.agent.policy.contact_line import LineState, Wiring
from edge.agent.sources.contact import ContactSource, build
from edge.agent.sources.contact_settings import ContactSettings
from redwhistle.errors import SourceError
from tests.recording import RecordingSink, moment
from tests.unit.edge_actuators.desk import wait_for
from tests.unit.edge_gpio.watching import CHIP, running


def source(chips: DoubleChips, *devices: dict[str, Any], **more: Any) -> ContactSource:
    settings = {"type": "contact", "devices": list(devices), "repeat_s": 0.05, **more}
    return build(ContactSettings.model_validate(settings), moment=moment, gpio=chips)


def one(kind: str, says: str, **more: Any) -> dict[str, Any]:
    given = {"line": 4, "says": says, "debounce_s": 0.005, "fault_for_s": 0.5, **more}
    return {"device": f"{kind}-1", "kind": kind, "inputs": [given]}


def close(chips: DoubleChips, line: int = 4) -> None:
    chips.drive(CHIP, line, False)


def part(chips: DoubleChips, line: int = 4) -> None:
    chips.drive(CHIP, line, True)


def heard(said: RecordingSink, what: tuple[str, str, bool]) -> None:
    wait_for(lambda: what in said.said(), f"{what}")


@pytest.mark.parametrize(
    ("kind", "says", "event"),
    [
        ("smoke", "smoke", "smoke"),
        ("heat", "heat", "heat"),
        ("gas", "gas", "gas"),
        ("gas", "carbon_monoxide", "gas"),
        ("other", "manual_call", "manual_call"),
        ("sos", "sos", "sos"),
        ("water_level", "water_leak", "water_level"),
        ("vibration", "vibration", "vibration"),
        ("smoke", "tamper", "tamper"),
        ("smoke", "fault", "device_fault"),
        ("smoke", "battery_low", "battery_low"),
    ],
)
@pytest.mark.parametrize("normally", ["open", "closed"])
def test_each_kind_says_its_event(kind: str, says: str, event: str, normally: str) -> None:
    chips = DoubleChips()
    if normally == "closed":
        close(chips)
    with running(source(chips, one(kind, says, normally=normally))) as said:
        wait_for(lambda: (CHIP, 4) in chips._taken, "the lines are taken")
        (close if normally == "open" else part)(chips)
        heard(said, (f"{kind}-1", event, True))
    assert {each[1] for each in said.said()} == {event}


def test_a_contact_that_is_closed_at_the_start_alarms() -> None:
    chips = DoubleChips()
    close(chips)
    with running(source(chips, one("smoke", "smoke"))) as said:
        heard(said, ("smoke-1", "smoke", True))


def test_a_short_press_is_one_call_and_a_bounce_none() -> None:
    chips = DoubleChips()
    with running(source(chips, one("sos", "sos", debounce_s=0.02))) as said:
        wait_for(lambda: (CHIP, 4) in chips._taken, "the lines are taken")
        for at_ms, high in ((0, False), (5, True), (8, False), (12, True)):  # bounces, all under 20 ms
            chips.drive(CHIP, 4, high, at_ns=at_ms * 1_000_000)
        chips.drive(CHIP, 4, False, at_ns=1_000_000_000)
        chips.drive(CHIP, 4, True, at_ns=1_060_000_000)
        heard(said, ("sos-1", "sos", True))
    assert said.said() == [("sos-1", "sos", True)]


PAIR = one("smoke", "smoke", opposite_line=5)


def test_a_changeover_contact_tells_alarm_cut_and_short() -> None:
    chips = DoubleChips()
    close(chips, 5)
    with running(source(chips, PAIR)) as said:
        wait_for(lambda: (CHIP, 4) in chips._taken, "the lines are taken")
        part(chips, 5)
        wait_for(lambda: ("smoke-1", "line_open", True) in said.codes(), "the cut is said")
        assert ("smoke-1", "smoke", True) not in said.said()
        close(chips, 5)
        wait_for(lambda: ("smoke-1", "line_open", False) in said.codes(), "its end is said")
        part(chips, 5)
        close(chips, 4)
        heard(said, ("smoke-1", "smoke", True))
        assert len(said.codes()) == 2
        close(chips, 5)
        wait_for(lambda: ("smoke-1", "line_short", True) in said.codes(), "the short is said")


def test_a_loop_that_is_cut_is_a_fault_and_hides_no_alarm() -> None:
    chips = DoubleChips()
    close(chips, 6)
    with running(source(chips, one("smoke", "smoke", loop_line=6))) as said:
        wait_for(lambda: (CHIP, 6) in chips._taken, "the lines are taken")
        part(chips, 6)
        wait_for(lambda: ("smoke-1", "line_open", True) in said.codes(), "the cut is said")
        close(chips, 4)
        heard(said, ("smoke-1", "smoke", True))


@given(st.booleans(), st.booleans())
def test_wires_are_read_as_they_are(alarm_side: bool, rest_side: bool) -> None:
    state = contact_line.read_pair(alarm_side=alarm_side, rest_side=rest_side)
    assert state.alarms is alarm_side, "a closed alarm contact is an alarm, whatever the other wires say"
    assert state.faulty is (alarm_side == rest_side)
    single = contact_line.read_single(closed=alarm_side, normally_closed=rest_side)
    assert single.alarms is (alarm_side != rest_side)
    for loop_closed in (True, False):
        looped = contact_line.read_looped(single, loop_closed=loop_closed)
        assert looped.alarms is single.alarms
        assert looped.faulty is (not loop_closed and not single.alarms)


@given(st.lists(st.tuples(st.sampled_from(LineState), st.integers(1, 3000)), max_size=30))
def test_a_fault_is_said_after_a_while_once_and_ended_before_another(
    steps: list[tuple[LineState, int]],
) -> None:
    wiring, now_ms, open_fault = Wiring(), 0, None
    since_ms, last = 0, LineState.NORMAL
    for state, length_ms in steps:
        now_ms += length_ms
        since_ms = now_ms if state is not last else since_ms
        last = state
        wiring, what, begins = contact_line.judge(wiring, state, now_ms, 2.0)
        if what is not None and begins:
            assert open_fault is None
            assert what is state
            assert now_ms - since_ms >= 2000
            open_fault = what
        elif what is not None:
            assert what is open_fault
            open_fault = None
        assert open_fault is None or open_fault is state


def test_a_gates_contact_is_a_reading_and_held_open_an_alarm() -> None:
    chips = DoubleChips()
    close(chips)
    gate = one("gate", "gate", normally="closed") | {"door": {"held_open_s": 0.2, "forced": False}}
    with running(source(chips, gate)) as said:
        wait_for(lambda: said.values("gate-1", "gate_open") == [0], "it is closed")
        part(chips)
        heard(said, ("gate-1", "gate_opened", True))
        heard(said, ("gate-1", "gate_held_open", True))
        close(chips)
        heard(said, ("gate-1", "gate_held_open", False))
        wait_for(lambda: said.values("gate-1", "gate_open")[-1] == 0, "it is closed again")


def test_a_gate_that_is_open_at_the_start_is_a_reading_and_no_event() -> None:
    chips = DoubleChips()
    with running(source(chips, one("gate", "gate", normally="closed"))) as said:
        wait_for(lambda: said.values("gate-1", "gate_open") == [1], "it is open")
    assert said.events == []


def test_a_chip_that_breaks_is_an_error_for_the_supervisor() -> None:
    chips = DoubleChips()
    chips.break_chip(CHIP)
    with pytest.raises(SourceError):
        source(chips, one("smoke", "smoke")).run(RecordingSink(), threading.Event())


@pytest.mark.parametrize(
    ("devices", "why"),
    [
        ([one("smoke", "smoke"), one("heat", "heat")], "line '4' is given twice"),
        ([one("smoke", "smoke", opposite_line=4)], "line '4' is given twice"),
        ([one("smoke", "smoke", opposite_line=5, loop_line=6)], "not both"),
        ([one("smoke", "smoke", opposite_line=5, normally="closed")], "closes in an alarm"),
        ([one("gate", "smoke")], "belong together"),
        ([one("smoke", "gate")], "belong together"),
        ([one("smoke", "rain")], "says"),
        ([], "devices"),
    ],
)
def test_wiring_that_cannot_be_is_refused(devices: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        source(DoubleChips(), *devices)
