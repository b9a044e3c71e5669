"""Reflexes with their threads: alarms drive devices, commands too, and what fails is said and hinders nobody."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge.agent.observation import EventSeen, ReadingSeen
from edge.agent.orders import Act
from edge.agent.sink import OutboxSink
from redwhistle.contracts.events import EventKind, SmokeData
from redwhistle.errors import ActuatorError, ConfigurationError, OutboxError
from tests.unit.edge_actuators.desk import Desk, running, wait_for


def is_on(seen: EventSeen | ReadingSeen) -> bool:
    return isinstance(seen, ReadingSeen) and seen.value == 1


def driven(desk: Desk) -> None:
    wait_for(lambda: all(desk.told(name) for name in desk.devices), "all are driven")


def test_smoke_drives_all_and_it_is_said(tmp_path: Path) -> None:
    with running(tmp_path) as desk:
        desk.see()
        driven(desk)
        assert {name: desk.told(name) for name in desk.devices} == {
            "siren-1": ["on"],
            "speaker-1": ["speak"],
            "relay-gate": ["on"],
        }
        on = {"siren-1", "speaker-1", "relay-gate"}  # each says so after it was driven
        wait_for(lambda: {each.device for each in desk.said if is_on(each)} == on, "all say that they are on")
        assert set(desk.reflexes.held()) == on


def test_tests_and_drills_without_a_permit_drive_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as desk:
        desk.see(test=True)
        desk.see(exercise="drill-1")
        desk.command("drill", "drill-1", actuators=["speaker-1"], for_s=60)
        desk.see(exercise="drill-1")
        wait_for(lambda: desk.told("speaker-1"), "the named one is driven")
        assert desk.devices["speaker-1"].orders[-1].exercise == "drill-1"
        desk.command("actuate", "drill-1", act="off", actuators=["speaker-1"])
        assert (desk.told("siren-1"), desk.told("relay-gate")) == ([], [])


def test_a_device_that_fails_is_a_fault_is_tried_again_and_hinders_nobody(tmp_path: Path) -> None:
    with running(tmp_path, checks=[]) as desk:
        desk.devices["siren-1"].fails = True
        desk.see()
        wait_for(lambda: desk.told("speaker-1") and desk.told("relay-gate"), "the others are driven")
        wait_for(lambda: desk.faults() == [("siren-1", True)], "the fault is said")
        desk.devices["siren-1"].fails = False
        wait_for(lambda: desk.told("siren-1") == ["on"], "it is tried again")
        wait_for(lambda: desk.faults() == [("siren-1", True), ("siren-1", False)], "its end is said")


def test_what_is_held_is_taken_up_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as desk:
        desk.see()
        driven(desk)
    assert desk.told("siren-1") == ["on", "off"], "a siren does not sound for ever when the agent is stopped"
    assert desk.told("relay-gate") == ["on"], "a released gate stays released"
    with running(tmp_path) as desk:
        wait_for(lambda: len(desk.devices["siren-1"].orders) == 1, "it is told")
        assert [each.orders[0].act for each in desk.devices.values()] == [Act.ON, Act.SPEAK, Act.ON]
        desk.command("actuate", act="off", actuators=list(desk.devices))
    with running(tmp_path) as desk:
        assert {each.orders[0].act for each in desk.devices.values()} == {Act.OFF}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"boot": 1, "held": [{}]}', '{"boot": "x", "held": 3}'])
def test_a_damaged_file_of_what_was_held_is_no_reason_not_to_start(tmp_path: Path, content: str) -> None:
    (tmp_path / "held.json").write_text(content)
    with running(tmp_path) as desk:
        desk.see()
        driven(desk)
    assert json.loads((tmp_path / "held.json").read_text())["held"]


def test_commands_drive_what_they_name(tmp_path: Path) -> None:
    with running(tmp_path) as desk:
        assert desk.command("actuate", act="on", kind="siren") == {"actuators": ["siren-1"]}
        told = desk.command("actuate", act="speak", actuators=["speaker-1"], text="请下楼", languages=["zh"])
        assert told == {"actuators": ["speaker-1"]}
        assert desk.devices["speaker-1"].orders[-1].text == "请下楼"
        desk.devices["siren-1"].fails = True
        with pytest.raises(ActuatorError, match=r"siren-1.*done: speaker-1"):
            desk.command("actuate", act="off", actuators=["siren-1", "speaker-1"])


@pytest.mark.parametrize(
    ("name", "exercise", "args", "why"),
    [
        ("actuate", None, {"act": "on"}, "name `actuators`"),
        ("actuate", None, {"act": "on", "actuators": ["siren-9"]}, "no actuator siren-9"),
        ("actuate", None, {"act": "burn", "actuators": ["siren-1"]}, "args: act"),
        ("actuate", None, {"act": "speak", "actuators": ["speaker-1"]}, "a `message` or a `text`"),
        ("actuate", "drill-1", {"act": "on", "kind": "siren"}, "a drill names its actuators"),
        ("actuate", None, {"act": "on", "actuators": ["siren-1"], "for_s": -1}, "for_s"),
        ("silence", "drill-1", {}, "a drill silences nothing"),
        ("silence", None, {"for_s": 1e9}, "for_s"),
        ("drill", None, {"actuators": ["siren-1"]}, "needs its exercise"),
        ("drill", "drill-1", {"actuators": ["siren-9"]}, "no actuator siren-9"),
    ],
)
def test_commands_that_make_no_sense_are_refused_with_the_reason(
    tmp_path: Path, name: str, exercise: str | None, args: dict[str, Any], why: str
) -> None:
    with running(tmp_path) as desk:
        with pytest.raises(ConfigurationError, match=why):
            desk.command(name, exercise, **args)
        assert [desk.told(each) for each in desk.devices] == [[], [], []]


def test_a_drill_command_cannot_take_what_a_real_alarm_holds(tmp_path: Path) -> None:
    with running(tmp_path) as desk:
        desk.see()
        driven(desk)
        with pytest.raises(ActuatorError, match="held by a real alarm"):
            desk.command("actuate", "drill-1", act="off", actuators=["siren-1"])
        assert desk.told("siren-1") == ["on"]


def test_silence_stops_sirens_and_speakers_and_locks_no_gate(tmp_path: Path) -> None:
    with running(tmp_path) as desk:
        desk.see()
        driven(desk)
        desk.command("silence")
        desk.see()
        desk.see(device="smoke-2")
        wait_for(lambda: desk.told("siren-1") == ["on", "off", "on"], "the second fire sounds")
        assert "off" not in desk.told("relay-gate")


def test_a_gate_that_does_not_open_on_fire_is_a_fault(tmp_path: Path) -> None:
    with running(tmp_path) as desk:
        desk.gate("gate-1", 0.0)
        desk.see()
        wait_for(lambda: ("gate-1", True) in desk.faults(), "the fault is said")
        desk.gate("gate-1", 1.0)
        wait_for(lambda: ("gate-1", False) in desk.faults(), "its end is said")


def test_a_drill_watches_gates_only_when_it_opens_them(tmp_path: Path) -> None:
    with running(tmp_path) as desk:
        desk.see(exercise="drill-1")
        desk.command("drill", "drill-2", actuators=["relay-gate"])
        desk.see(exercise="drill-2")
        wait_for(desk.faults, "the second drill's gate is watched")
        exercises = {each.exercise for each in desk.said if isinstance(each, EventSeen)}
        assert exercises == {"drill-2"}


def test_the_alarm_is_kept_first_and_a_full_disk_stops_no_siren(tmp_path: Path) -> None:
    order: list[str] = []

    class Keeping:
        def put_event(self, _seen: EventSeen) -> Any:
            order.append("kept")
            raise OutboxError("full: free some space")

    with running(tmp_path) as desk:

        def then(seen: Any) -> None:
            order.append("reflex")
            desk.reflexes.notice(seen)

        sink = OutboxSink(Keeping(), then)  # type: ignore[arg-type] # all that is asked of it here
        with pytest.raises(OutboxError):
            sink.event(EventSeen("smoke-1", EventKind.SMOKE, SmokeData(), desk.clock.moment()))
        driven(desk)
    assert order == ["kept", "reflex"]


def test_a_reflex_that_trips_does_not_reach_the_sensor(tmp_path: Path) -> None:
    class Keeping:
        def put_event(self, _seen: EventSeen) -> Any:
            class Key:
                seq = 1

            return Key()

    def trip(_: object) -> None:
        raise RuntimeError("a fault of ours")

    with running(tmp_path) as desk:
        sink = OutboxSink(Keeping(), trip)  # type: ignore[arg-type] # all that is asked of it here
        sink.event(EventSeen("smoke-1", EventKind.SMOKE, SmokeData(), desk.clock.moment()))
