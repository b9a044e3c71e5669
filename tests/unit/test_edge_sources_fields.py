"""What the fields of a message mean, for every kind of detector; behind Zigbee2MQTT, whole."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.agent.observation import EventSeen, Moment, Observation, ReadingSeen
from edge.agent.policy.detector_report import Press
from edge.agent.sources.fields import ALARM_FIELDS, KNOWN_FIELDS, read_report, rename
from edge.agent.sources.json_door import read_flag
from edge.agent.sources.sos import read_presses
from edge.agent.sources.zigbee import ZigbeeInterpreter
from edge.agent.sources.zigbee_settings import ZigbeeSettings
from redwhistle.contracts.events import DATA_OF, EventKind, GasData, SosData
from redwhistle.contracts.readings import Metric, Reading
from redwhistle.contracts.state import DeviceKind

KINDS = ["smoke", "heat", "gas", "sos", "water_level", "vibration", "other"]
SETTINGS = ZigbeeSettings.model_validate(
    {
        "type": "zigbee2mqtt",
        "devices": [
            {"friendly_name": kind, "device": f"{kind.replace('_', '-')}-1", "kind": kind} for kind in KINDS
        ]
        + [
            {
                "friendly_name": "厨房",
                "device": "gas-2",
                "kind": "gas",
                "gas": "methane",
                "fields": {"gas_value": "gas_lel_pct"},
                "limits": [{"metric": "gas_lel_pct", "event": "gas", "above": 10}],
            }
        ],
    }
)


def moment(at_s: float) -> Moment:
    return Moment(1_700_000_000_000 + round(at_s * 1000), 1_000_000 + round(at_s * 1000), synced=True)


def play(*messages: tuple[str, object], interpreter: ZigbeeInterpreter | None = None) -> list[Observation]:
    """(friendly name, payload), one a second."""
    interpreter = interpreter or ZigbeeInterpreter(SETTINGS)
    said: list[Observation] = []
    for at_s, (name, payload) in enumerate(messages, 1):
        text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        said += interpreter.hear(f"zigbee2mqtt/{name}", text, False, moment(at_s))
    return said


def events(said: Sequence[Observation]) -> list[tuple[str, str, bool, bool]]:
    """(device, kind, active, test)"""
    return [(s.device, s.kind.value, s.data.active, s.test) for s in said if isinstance(s, EventSeen)]


@pytest.mark.parametrize(
    ("name", "payload", "expected"),
    [
        ("heat", {"smoke": True}, ("heat-1", "heat", True, False)),
        ("heat", {"heat": True}, ("heat-1", "heat", True, False)),
        ("gas", {"gas": True}, ("gas-1", "gas", True, False)),
        ("gas", {"carbon_monoxide": "ON"}, ("gas-1", "gas", True, False)),
        ("water_level", {"water_leak": True}, ("water-level-1", "water_level", True, False)),
        ("vibration", {"vibration": True}, ("vibration-1", "vibration", True, False)),
        ("vibration", {"tilt": True}, ("vibration-1", "vibration", True, False)),
        ("vibration", {"action": "drop"}, ("vibration-1", "vibration", True, False)),
        ("sos", {"action": "single"}, ("sos-1", "sos", True, False)),
        ("sos", {"action": "emergency"}, ("sos-1", "sos", True, False)),
        ("sos", {"sos": True}, ("sos-1", "sos", True, False)),
        ("sos", {"action": "on_press", "battery": 80}, ("sos-1", "sos", True, False)),
        ("sos", {"action": "single", "test": True}, ("sos-1", "sos", True, True)),
        ("sos", {"test": True}, ("sos-1", "sos", True, True)),
        ("water_level", {"test": True}, ("water-level-1", "water_level", True, True)),
        ("sos", {"smoke": True}, ("sos-1", "smoke", True, False)),
        ("smoke", {"action": "emergency"}, ("smoke-1", "sos", True, False)),
        ("other", {"smoke": True}, ("other-1", "smoke", True, False)),
        ("gas", {"fault": "probe_fault"}, ("gas-1", "device_fault", True, False)),
        ("water_level", {"water_leak": [1]}, ("water-level-1", "water_level", True, False)),
    ],
)
def test_one_message_one_event(name: str, payload: object, expected: tuple[str, str, bool, bool]) -> None:
    assert events(play((name, payload))) == [expected]


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("sos", {"action": ""}),
        ("sos", {"action": None}),
        ("sos", {"action": "hold_release"}),
        ("sos", {"action": "release"}),
        ("sos", {"battery": 80, "sos": False}),
        ("other", {"action": "single"}),
        ("smoke", {"action": "single"}),
        ("vibration", {"vibration": False}),
        ("vibration", {"tilt": 12.5, "vibration": 3}),
        ("gas", {"fault": "none", "gas": False}),
        ("lamp", {"action": "brightness_move_up", "state": "ON"}),
        ("lamp", {"action": "button_1_release"}),
        ("lamp", {"tamper": True, "battery": 1}),
    ],
)
def test_what_is_no_event(name: str, payload: object) -> None:
    assert events(play((name, payload))) == []


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("single", Press("single")),
        ("double", Press("double")),
        ("1_double", Press("double")),
        ("hold", Press("hold")),
        ("button_2_long_press", Press("hold")),
        ("PULL", Press("pull")),
        ("emergency", Press("single")),
        ("panic", Press("single")),
    ],
)
def test_gestures(action: str, expected: Press) -> None:
    assert read_presses(action, is_sos=True, is_known=True) == (expected,)


def test_an_unknown_action_of_a_call_button_is_a_call_with_a_note() -> None:
    (event,) = [s for s in play(("sos", {"action": "quintuple"})) if isinstance(s, EventSeen)]
    assert isinstance(event.data, SosData)
    assert event.data.action == "other"
    assert "quintuple" in str(event.data.note)
    (event,) = [s for s in play(("sos", {"action": 7})) if isinstance(s, EventSeen)]
    assert event.kind is EventKind.SOS


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"action": "single"}, "sos"),
        ({"action": "emergency"}, "sos"),
        ({"sos": True}, "sos"),
        ({"smoke": True}, "smoke"),
        ({"gas": True}, "gas"),
        ({"carbon_monoxide": True}, "gas"),
        ({"water_leak": True}, "water_level"),
        ({"vibration": True}, "vibration"),
    ],
)
def test_a_device_that_nobody_wrote_down_still_calls(payload: object, kind: str) -> None:
    (event,) = play(("五楼 张奶奶", payload))
    assert isinstance(event, EventSeen)
    assert event.kind.value == kind
    assert event.device.startswith("unmapped-")
    assert "五楼 张奶奶" in str(event.data.note)


def test_every_press_is_an_event_but_its_echo() -> None:
    press = ("sos", {"action": "single"})
    quiet = ("sos", {"battery": 80})
    assert len(events(play(press, press))) == 1
    assert len(events(play(press, quiet, press, quiet, press))) == 3


def test_a_models_own_fields_and_limits() -> None:
    said = play(("厨房", {"gas": False, "gas_value": 12}))
    (event,) = [s for s in said if isinstance(s, EventSeen)]
    assert event.data == GasData(gas="methane", lel_pct=12)
    assert next(s for s in said if isinstance(s, ReadingSeen)).metric == "gas_lel_pct"
    assert events(play(("厨房", {"gas_value": 9}))) == []


def test_a_value_that_cannot_be_is_a_fault_and_no_alarm() -> None:
    for value in (140, -3, 10**400):
        assert events(play(("厨房", b'{"gas_value": %d}' % value))) == [
            ("gas-2", "device_fault", True, False)
        ]


def test_renaming_hides_no_alarm() -> None:
    for payload in ({"smoke": True, "x": False}, {"x": False, "smoke": True}, {"x": True, "smoke": False}):
        assert rename(payload, {"x": "smoke"}) == {"smoke": True}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)
messages = st.dictionaries(st.sampled_from(sorted(KNOWN_FIELDS)) | st.text(max_size=5), json_values)


@given(messages, st.sampled_from([None, *DeviceKind]))
def test_any_fields_are_read_and_no_alarm_is_missed(
    fields: dict[str, object], kind: DeviceKind | None
) -> None:
    report = read_report(fields, kind)
    said = {each.key for each in report.conditions if each.value}
    measures = {"moisture", "vibration", "tilt", "drop"}
    for name in ALARM_FIELDS:
        raw = fields.get(name)
        if raw is True or (
            raw is not None and read_flag(raw) is not False and (name not in measures or isinstance(raw, str))
        ):
            assert name in said
    assert not {metric for metric, _ in report.readings} & set(report.implausible)


@given(
    st.lists(
        st.tuples(st.sampled_from([*KINDS, "厨房", "stranger"]), messages | st.binary(max_size=50)),
        max_size=12,
    )
)
def test_no_message_breaks_it_and_all_it_says_fits_the_contract(sent: list[tuple[str, object]]) -> None:
    for each in play(*sent):
        if isinstance(each, EventSeen):
            DATA_OF[each.kind].model_validate_json(each.data.model_dump_json())
            assert each.data.note is None or len(each.data.note) <= 1000
        else:
            Reading(device=each.device, metric=each.metric, value=each.value, at_ms=0, mono_ms=0)


@given(st.text(max_size=60), st.booleans(), st.booleans())
def test_any_action_is_read(action: str, is_sos: bool, is_known: bool) -> None:
    assert len(read_presses(action, is_sos=is_sos, is_known=is_known)) <= 1


@given(action=st.text(min_size=1).filter(lambda a: not set("uosrf") & set(a.lower())))
def test_a_call_button_that_says_anything_calls(action: str) -> None:
    """But for the words that end a press, which all hold one of these letters."""
    assert read_presses(action, is_sos=True, is_known=True)


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"type": "zigbee2mqtt", "devices": [{"friendly_name": "a", "device": "a"}]}, "kind is missing"),
        (
            {"type": "smoke", "devices": [{"friendly_name": "a", "device": "a", "kind": "sos"}]},
            "use zigbee2mqtt",
        ),
        (
            {
                "type": "zigbee2mqtt",
                "devices": [{"friendly_name": "a", "device": "a", "kind": "gas", "fields": {"x": "smok"}}],
            },
            "no field that the box knows",
        ),
        (
            {"type": "zigbee2mqtt", "devices": [{"friendly_name": "a", "device": "a", "kind": "camera"}]},
            "kind",
        ),
    ],
)
def test_settings_say_what_is_wrong(section: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        ZigbeeSettings.model_validate(section)


def test_a_smoke_section_keeps_its_name_and_with_it_its_session() -> None:
    assert ZigbeeSettings.model_validate({"type": "smoke"}).name == "smoke"
    assert ZigbeeSettings.model_validate({"type": "zigbee2mqtt"}).name == "zigbee"


def test_every_measured_metric_can_be_read() -> None:
    report = read_report({metric.value: 1 for metric in Metric}, DeviceKind.OTHER)
    assert {metric for metric, _ in report.readings} >= {
        Metric.WATER_LEVEL_M,
        Metric.TILT_DEG,
        Metric.CO_PPM,
        Metric.ACCELERATION_G,
    }
