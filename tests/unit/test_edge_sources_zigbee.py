"""Zigbee2MQTT's messages: what raises an alarm, what does not, and that no bytes break anything."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.agent.observation import EventSeen, Moment, Observation, ReadingSeen
from edge.agent.sources.json_door import read_flag, read_number, read_object, unmapped_id
from edge.agent.sources.zigbee import ZigbeeInterpreter
from edge.agent.sources.zigbee_settings import ZigbeeSettings
from redwhistle.contracts.events import DATA_OF, BatteryData, DeviceData, EventKind, SmokeData
from redwhistle.contracts.readings import Reading

KITCHEN = "zigbee2mqtt/一号楼/厨房烟感"


def settings() -> ZigbeeSettings:
    return ZigbeeSettings.model_validate(
        {
            "type": "smoke",
            "devices": [
                {"friendly_name": "一号楼/厨房烟感", "device": "smoke-kitchen", "heartbeat_s": 3600},
                {"friendly_name": "hall", "device": "smoke-hall", "model": "TS0205"},
            ],
            "heartbeat_s_by_model": {"TS0205": 7200},
        }
    )


def moment(at_s: float) -> Moment:
    return Moment(
        at_ms=1_700_000_000_000 + round(at_s * 1000), mono_ms=1_000_000 + round(at_s * 1000), synced=True
    )


def play(
    steps: Sequence[tuple[float, str, object] | tuple[float, str, object, bool] | tuple[float]],
    interpreter: ZigbeeInterpreter | None = None,
) -> list[Observation]:
    """(seconds, topic, payload[, retained]) or (seconds,) to let time pass."""
    interpreter = interpreter or ZigbeeInterpreter(settings())
    said: list[Observation] = list(interpreter.tick(moment(0)))
    for step in steps:
        at = moment(step[0])
        if len(step) == 1:
            said += interpreter.tick(at)
            continue
        payload = step[2] if isinstance(step[2], bytes) else json.dumps(step[2]).encode()
        said += interpreter.hear(step[1], payload, len(step) == 4 and step[3], at)
    return said


def events(said: list[Observation]) -> list[tuple[str, str, bool, bool]]:
    """(device, kind, active, test)"""
    return [(s.device, s.kind.value, s.data.active, s.test) for s in said if isinstance(s, EventSeen)]


def test_smoke_is_said_first_with_what_the_detector_knows() -> None:
    said = play(
        [
            (
                1,
                KITCHEN,
                {"smoke": True, "battery": 97.5, "linkquality": 120, "temperature": 31, "smoke_level": 4},
            )
        ]
    )
    first = said[0]
    assert isinstance(first, EventSeen)
    assert (first.device, first.kind, first.test) == ("smoke-kitchen", EventKind.SMOKE, False)
    assert first.data == SmokeData(active=True, level=4.0, temperature_c=31.0)
    assert first.moment == moment(1)
    assert {s.metric: s.value for s in said if isinstance(s, ReadingSeen)} == {
        "battery_pct": 97.5,
        "link_quality": 120.0,
        "temperature_c": 31.0,
        "smoke_level": 4.0,
    }


SMOKE = ("smoke-kitchen", "smoke", True, False)
OVER = ("smoke-kitchen", "smoke", False, False)
TEST = ("smoke-kitchen", "smoke", True, True)
TEST_OVER = ("smoke-kitchen", "smoke", False, True)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([(1, KITCHEN, {"smoke": False})], [], id="calm"),
        pytest.param(
            [(1, KITCHEN, {"smoke": True}), (2, KITCHEN, {"smoke": False}), (30,)], [SMOKE], id="E16"
        ),
        pytest.param(
            [(1, KITCHEN, {"smoke": True}), (2, KITCHEN, {"smoke": False}), (61,)], [SMOKE, OVER], id="over"
        ),
        pytest.param([(1, KITCHEN, {"smoke": True}, True)], [], id="E13: retained"),
        pytest.param(
            [(1, KITCHEN, {"smoke": True}, True), (2, KITCHEN, {"smoke": True})],
            [SMOKE],
            id="retained, then live",
        ),
        pytest.param([(1, KITCHEN, {"smoke": True, "test": True})], [TEST], id="E14: test"),
        pytest.param([(1, KITCHEN, {"smoke": False, "test": True})], [TEST], id="test without smoke"),
        pytest.param(
            [(1, KITCHEN, {"smoke": True, "test": True}), (2, KITCHEN, {"smoke": True, "test": False})],
            [TEST, SMOKE],
            id="a test does not hide a fire",
        ),
        pytest.param(
            [(1, KITCHEN, {"smoke": True}), (2, KITCHEN, {"smoke": True, "test": True}), (90,)],
            [SMOKE, TEST],
            id="a test does not end a fire",
        ),
        pytest.param(
            [
                (1, KITCHEN, {"smoke": False, "test": True}),
                (2, KITCHEN, {"smoke": False, "test": False}),
                (61,),
            ],
            [TEST, TEST_OVER],
            id="a test ends",
        ),
        pytest.param([(1, KITCHEN, {"smoke": None, "battery": 80})], [], id="null is not said"),
        pytest.param([(1, KITCHEN, {"smoke": "ON"})], [SMOKE], id="as text"),
        pytest.param([(1, KITCHEN, {"smoke": 1})], [SMOKE], id="as number"),
        pytest.param([(1, KITCHEN, {"smoke": {"value": 3}})], [SMOKE], id="not understood is an alarm"),
        pytest.param(
            [(1, KITCHEN, {"smoke": False, "battery": 9}), (2, KITCHEN, {"smoke": False, "battery": 8})],
            [("smoke-kitchen", "battery_low", True, False)],
            id="battery",
        ),
        pytest.param(
            [(1, KITCHEN, {"tamper": True}), (2, KITCHEN, {"tamper": False}), (62,)],
            [("smoke-kitchen", "tamper", True, False), ("smoke-kitchen", "tamper", False, False)],
            id="tamper",
        ),
        pytest.param(
            [
                (1, KITCHEN, {"fault_state": "fault"}),
                (2, KITCHEN, {"fault_state": 1}),
                (3, KITCHEN, {"fault_state": 1}),
            ],
            [("smoke-kitchen", "device_fault", True, False)],
            id="fault",
        ),
        pytest.param([(1, f"{KITCHEN}/set", {"smoke": True})], [], id="a command is no report"),
        pytest.param([(1, "other/hall", {"smoke": True})], [], id="another tree"),
    ],
)
def test_reports(steps: list[tuple[float, str, object]], expected: list[tuple[str, str, bool, bool]]) -> None:
    assert events(play(steps)) == expected


def test_silence_makes_a_detector_lost_by_its_own_or_its_models_heartbeat() -> None:
    said = play([(8279,), (8280,), (9000,), (16_559,), (16_560,), (20_000, KITCHEN, {"smoke": False})])
    assert [(s.device, s.kind, s.moment) for s in said if isinstance(s, EventSeen)] == [
        ("smoke-kitchen", EventKind.DEVICE_LOST, moment(8280)),
        ("smoke-hall", EventKind.DEVICE_LOST, moment(16_560)),
        ("smoke-kitchen", EventKind.DEVICE_RECOVERED, moment(20_000)),
    ]
    last = said[-1]
    assert isinstance(last, EventSeen)
    assert last.data == DeviceData(code="silent", silent_s=20_000.0)


def test_a_detector_that_speaks_in_time_is_not_lost() -> None:
    steps: list[tuple[float, str, object] | tuple[float]] = []
    for at_s in range(3600, 40_000, 3600):
        steps += [
            (at_s, KITCHEN, {"smoke": False}),
            (at_s, "zigbee2mqtt/hall", {"linkquality": 3}),
            (at_s + 3599,),
        ]
    assert events(play(steps)) == []


def test_an_offline_word_makes_it_lost_at_once_but_not_a_retained_one() -> None:
    offline = f"{KITCHEN}/availability"
    assert events(play([(1, offline, {"state": "offline"}, True)])) == []
    assert events(play([(1, offline, {"state": "online"})])) == []
    for word in ({"state": "offline"}, b"offline"):
        said = play([(1, offline, word), (2, offline, word), (3, KITCHEN, {"smoke": False})])
        assert [kind for _, kind, *_ in events(said)] == ["device_lost", "device_recovered"]


def test_smoke_of_an_unknown_detector_is_an_alarm_with_a_note() -> None:
    interpreter = ZigbeeInterpreter(settings())
    steps = [
        (1, "zigbee2mqtt/三楼 烟感", {"smoke": True, "battery": 3}),
        (2, "zigbee2mqtt/三楼 烟感", {"smoke": False}),
    ]
    (event,) = play(steps, interpreter)
    assert isinstance(event, EventSeen)
    assert event.kind is EventKind.SMOKE
    assert event.device == unmapped_id("三楼 烟感")
    assert event.data.note is not None
    assert "三楼 烟感" in event.data.note
    (over,) = interpreter.tick(moment(70))
    assert isinstance(over, EventSeen)
    assert not over.data.active


def test_other_unknown_devices_are_ignored() -> None:
    assert (
        play([(1, "zigbee2mqtt/lamp", {"state": "ON"}), (2, "zigbee2mqtt/bridge/info", {"smoke": True})])
        == []
    )


def test_a_thousand_unknown_detectors_are_all_alarmed_and_memory_stays_bounded() -> None:
    interpreter = ZigbeeInterpreter(settings())
    said = play([(1, f"zigbee2mqtt/d{i}", {"smoke": True}) for i in range(1000)], interpreter)
    assert len({s.device for s in said}) == 1000
    assert len(interpreter._roster._strangers) == 256


def test_a_coordinator_that_is_offline_is_a_fault_after_a_while() -> None:
    state = "zigbee2mqtt/bridge/state"
    fault = ("zigbee-bridge", "device_fault", True, False)
    over = ("zigbee-bridge", "device_fault", False, False)
    assert events(play([(1, state, {"state": "offline"}), (60,)])) == []
    assert events(play([(1, state, b"offline"), (61,), (99,)])) == [fault]
    assert events(play([(1, state, {"state": "offline"}, True), (61,)])) == [fault]
    assert events(play([(1, state, {"state": "offline"}), (30, KITCHEN, {"smoke": False}), (99,)])) == []
    assert events(play([(1, state, {"state": "offline"}), (61,), (62, state, {"state": "online"})])) == [
        fault,
        over,
    ]


def test_unreadable_messages_are_a_fault_only_when_they_persist() -> None:
    assert events(play([(1, KITCHEN, b"\xff{"), (2, KITCHEN, b""), (3, KITCHEN, b"[]")])) == []
    steps: list[tuple[float, str, object]] = [(10 * i, KITCHEN, b"{") for i in range(10)]
    said = play([*steps, (101, KITCHEN, {"smoke": False})])
    assert events(said) == [
        ("smoke-kitchen", "device_fault", True, False),
        ("smoke-kitchen", "device_fault", False, False),
    ]


def test_an_unreadable_value_does_not_hide_the_alarm_beside_it() -> None:
    payload = (
        b'{"battery": 1e999, "temperature": {"x": 1}, "linkquality": ' + b"9" * 400 + b', "smoke": true}'
    )
    said = play([(1, KITCHEN, payload)])
    assert events(said) == [SMOKE]
    assert len(said) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(
    [
        "smoke",
        "test",
        "tamper",
        "battery",
        "battery_low",
        "fault_state",
        "temperature",
        "linkquality",
        "smoke_level",
        "state",
    ]
)
payloads = (
    st.binary(max_size=200)
    | st.dictionaries(fields, json_values).map(lambda v: json.dumps(v).encode())
    | json_values.map(lambda v: json.dumps(v).encode())
    | st.sampled_from([b"[" * 50_000, b'{"smoke":' * 20_000, b"9" * 6000, b'{"smoke": true}' + b" " * 70_000])
)
topics = st.sampled_from(
    [KITCHEN, "zigbee2mqtt/hall", "zigbee2mqtt/new", "zigbee2mqtt/bridge/state", f"{KITCHEN}/availability"]
) | st.text(max_size=30).map(lambda t: f"zigbee2mqtt/{t}")


@given(st.lists(st.tuples(st.integers(0, 90_000), topics, payloads, st.booleans()), max_size=15))
def test_no_bytes_break_it_and_all_it_says_fits_the_contract(
    messages: list[tuple[int, str, bytes, bool]],
) -> None:
    interpreter, at_s = ZigbeeInterpreter(settings()), 0.0
    for gap_s, topic, payload, retained in messages:
        at_s += gap_s
        said = [*interpreter.tick(moment(at_s)), *interpreter.hear(topic, payload, retained, moment(at_s))]
        for each in said:
            assert not (
                retained and isinstance(each, EventSeen) and each.kind is EventKind.SMOKE and each.data.active
            )
            if isinstance(each, EventSeen):
                DATA_OF[each.kind].model_validate_json(each.data.model_dump_json())
                Reading(device=each.device, metric="x", value=0.0, at_ms=each.moment.at_ms, mono_ms=0)
            else:
                Reading(device=each.device, metric=each.metric, value=each.value, at_ms=0, mono_ms=0)


@given(
    payload=st.dictionaries(fields, json_values), name=st.sampled_from([KITCHEN, "zigbee2mqtt/unknown one"])
)
def test_true_smoke_without_test_is_always_an_alarm(payload: dict[str, object], name: str) -> None:
    payload = {**payload, "smoke": True}
    payload.pop("test", None)
    said = events(play([(1, name, payload)]))
    assert any(kind == "smoke" and active and not test for _, kind, active, test in said)


def test_battery_event_carries_the_charge() -> None:
    said = play([(1, KITCHEN, {"smoke": False, "battery": 12})])
    assert any(isinstance(s, EventSeen) and s.data == BatteryData(battery_pct=12.0) for s in said)


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        (True, True),
        (0, False),
        (2, True),
        (10**400, True),
        (float("nan"), None),
        ("off", False),
        ("hm", None),
        ([], None),
    ],
)
def test_flags(value: object, flag: bool | None) -> None:
    assert read_flag(value) is flag


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5.0),
        (5.5, 5.5),
        (True, None),
        ("5", None),
        (10**400, None),
        (float("inf"), None),
        (float("nan"), None),
        (-1, None),
    ],
)
def test_numbers(value: object, number: float | None) -> None:
    assert read_number(value, 0, 100) == number


@given(st.text(max_size=300))
def test_any_name_gives_a_valid_stable_id(name: str) -> None:
    device = unmapped_id(name)
    Reading(device=device, metric="x", value=0.0, at_ms=0, mono_ms=0)
    assert device == unmapped_id(name)


def test_names_in_chinese_stay_apart() -> None:
    assert unmapped_id("三楼") != unmapped_id("四楼")


def test_too_much_is_not_read() -> None:
    assert read_object(b"{" + b" " * 65_536 + b"}") is None


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"devices": [{"friendly_name": "a", "device": "x"}, {"friendly_name": "a", "device": "y"}]},
            "given twice",
        ),
        (
            {"devices": [{"friendly_name": "a", "device": "x"}, {"friendly_name": "b", "device": "x"}]},
            "given twice",
        ),
        ({"devices": [{"friendly_name": "a/#", "device": "x"}]}, "pattern"),
        ({"devices": [{"friendly_name": "a", "device": "Küche"}]}, "pattern"),
        ({"base_topics": "x"}, "Extra inputs"),
        ({"broker": {"password_file": "x"}}, "username"),
    ],
)
def test_settings_say_what_is_wrong(fields: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        ZigbeeSettings.model_validate({"type": "smoke", **fields})


def test_device_list_for_the_state_message() -> None:
    infos = {info.id: info.heartbeat_s for info in settings().device_infos()}
    assert infos == {"zigbee-bridge": None, "smoke-kitchen": 3600, "smoke-hall": 7200}
