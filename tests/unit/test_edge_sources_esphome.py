"""ESPHome's messages: small values on many topics, retained, one node with several detectors."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.agent.observation import EventSeen, Moment, Observation, ReadingSeen
from edge.agent.sources.esphome import EsphomeInterpreter, read_value
from edge.agent.sources.esphome_settings import EsphomeSettings
from redwhistle.contracts.events import DATA_OF, EventKind
from redwhistle.contracts.readings import Reading

SETTINGS = EsphomeSettings.model_validate(
    {
        "type": "esphome",
        "devices": [
            {"node": "kitchen", "device": "smoke-k", "kind": "smoke"},
            {
                "node": "pump",
                "device": "water-p",
                "kind": "water_level",
                "entities": {"pit_level": "water_level_m"},
                "limits": [{"metric": "water_level_m", "event": "water_level", "above": 0.3}],
            },
            {"node": "pump", "device": "sos-p", "kind": "sos", "entities": {"red_button": "sos"}},
        ],
    }
)


def moment(at_s: float) -> Moment:
    return Moment(1_700_000_000_000 + round(at_s * 1000), 1_000_000 + round(at_s * 1000), synced=True)


Message = tuple[float, str, str | bytes] | tuple[float, str, str | bytes, bool] | tuple[float]


def play(*steps: Message, settings: EsphomeSettings = SETTINGS) -> list[Observation]:
    """(seconds, topic, payload[, retained]) or (seconds,) to let time pass."""
    interpreter = EsphomeInterpreter(settings)
    said: list[Observation] = list(interpreter.tick(moment(0)))
    for step in steps:
        at = moment(step[0])
        if len(step) == 1:
            said += interpreter.tick(at)
            continue
        payload = step[2].encode() if isinstance(step[2], str) else step[2]
        said += interpreter.hear(step[1], payload, len(step) == 4 and bool(step[3]), at)
    return said


def events(said: Sequence[Observation]) -> list[tuple[str, str, bool, bool]]:
    """(device, kind, active, test)"""
    return [(s.device, s.kind.value, s.data.active, s.test) for s in said if isinstance(s, EventSeen)]


SMOKE = "kitchen/binary_sensor/smoke/state"
LEVEL = "pump/sensor/pit_level/state"
BUTTON = "pump/binary_sensor/red_button/state"
FIRE = ("smoke-k", "smoke", True, False)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([(1, SMOKE, "OFF")], [], id="calm"),
        pytest.param([(1, SMOKE, "ON"), (2, SMOKE, "OFF"), (30,)], [FIRE], id="E16: latched"),
        pytest.param([(1, SMOKE, "ON", True)], [], id="E13: retained"),
        pytest.param([(1, SMOKE, "ON", True), (2, SMOKE, "ON")], [FIRE], id="retained, then live"),
        pytest.param([(1, SMOKE, '{"state": "ON"}')], [FIRE], id="JSON"),
        pytest.param([(1, SMOKE, "banana")], [FIRE], id="not understood is an alarm"),
        pytest.param([(1, SMOKE, "")], [], id="nothing, as when a kept message is cleared"),
        pytest.param(
            [(1, "kitchen/binary_sensor/test/state", "ON"), (2, SMOKE, "ON")],
            [("smoke-k", "smoke", True, True)],
            id="E14: the test switch comes apart",
        ),
        pytest.param(
            [
                (1, "kitchen/binary_sensor/test/state", "ON"),
                (2, "kitchen/binary_sensor/test/state", "OFF"),
                (3, SMOKE, "ON"),
            ],
            [("smoke-k", "smoke", True, True), FIRE],
            id="the test is over",
        ),
        pytest.param(
            [(1, "kitchen/binary_sensor/test/state", "ON", True), (2, SMOKE, "ON")], [FIRE], id="old test"
        ),
        pytest.param([(1, LEVEL, "0.4")], [("water-p", "water_level", True, False)], id="a limit"),
        pytest.param([(1, LEVEL, '{"value": 0.4}')], [("water-p", "water_level", True, False)], id="value"),
        pytest.param([(1, LEVEL, "nan")], [("water-p", "device_fault", True, False)], id="the probe is off"),
        pytest.param(
            [(1, LEVEL, "None")], [("water-p", "device_fault", True, False)], id="the same, told so"
        ),
        pytest.param([(1, LEVEL, "4000")], [("water-p", "device_fault", True, False)], id="cannot be"),
        pytest.param([(1, BUTTON, "ON"), (2, BUTTON, "OFF")], [("sos-p", "sos", True, False)], id="button"),
        pytest.param(
            [(1, BUTTON, "ON"), (5, BUTTON, "OFF"), (6, BUTTON, "ON")],
            [("sos-p", "sos", True, False)] * 2,
            id="pressed twice",
        ),
        pytest.param(
            [(1, "pump/event/red_button/state", '{"event_type": "double_press"}')],
            [("sos-p", "sos", True, False)],
            id="an event",
        ),
        pytest.param([(1, "kitchen/sensor/smoke/state", "12.5")], [], id="a number under a condition's name"),
        pytest.param([(1, "kitchen/switch/smoke/state", "ON")], [], id="an actuator"),
        pytest.param([(1, "kitchen/binary_sensor/smoke/command", "ON")], [], id="a command"),
    ],
)
def test_messages(steps: list[Message], expected: list[tuple[str, str, bool, bool]]) -> None:
    assert events(play(*steps)) == expected


def test_readings() -> None:
    said = play(
        (1, LEVEL, "0.12"),
        (2, "kitchen/sensor/temperature/state", "21.5"),
        (3, "pump/sensor/wifi_signal/state", "-61"),
        (4, "kitchen/sensor/uptime/state", "77"),
    )
    assert [(s.device, s.metric, s.value) for s in said if isinstance(s, ReadingSeen)] == [
        ("water-p", "water_level_m", 0.12),
        ("smoke-k", "temperature_c", 21.5),
        ("water-p", "signal_dbm", -61.0),
    ]


@pytest.mark.parametrize(
    ("topic", "payload", "kind"),
    [
        ("attic/binary_sensor/smoke/state", "ON", "smoke"),
        ("attic/binary_sensor/sos/state", "ON", "sos"),
        ("attic/event/button/state", '{"event_type": "press"}', "sos"),
        ("attic/binary_sensor/water_leak/state", "ON", "water_level"),
    ],
)
def test_a_node_that_nobody_wrote_down_still_alarms(topic: str, payload: str, kind: str) -> None:
    (event,) = play((1, topic, payload))
    assert isinstance(event, EventSeen)
    assert (event.kind.value, event.device[:14]) == (kind, "unmapped-attic")
    assert "attic" in str(event.data.note)
    assert events(play((1, topic, payload, True))) == []


@pytest.mark.parametrize(
    "topic",
    ["attic/binary_sensor/door/state", "attic/sensor/temperature/state", "attic/status", "homeassistant"],
)
def test_other_nodes_are_ignored(topic: str) -> None:
    assert play((1, topic, "ON")) == []


def lost(said: Sequence[Observation]) -> list[tuple[str, str, float]]:
    return [
        (s.device, s.kind.value, (s.moment.mono_ms - 1_000_000) / 1000)
        for s in said
        if isinstance(s, EventSeen) and s.kind in {EventKind.DEVICE_LOST, EventKind.DEVICE_RECOVERED}
    ]


def test_what_one_entity_says_proves_that_the_whole_node_lives() -> None:
    steps: list[Message] = []
    for at_s in range(60, 1200, 60):
        steps += [(at_s, "pump/sensor/uptime/state", str(at_s)), (at_s + 59,)]
    gone = lost(play(*steps))
    assert [(device, kind) for device, kind, _ in gone] == [("smoke-k", "device_lost")]
    assert 276 <= gone[0][2] <= 300


def test_a_last_will_makes_a_node_lost_after_a_minute_a_kept_one_too() -> None:
    for retained in (False, True):
        said = lost(
            play((1, "pump/status", "offline", retained), (60,), (61,), (70, "pump/status", "online"))
        )
        assert said == [
            ("water-p", "device_lost", 61),
            ("sos-p", "device_lost", 61),
            ("water-p", "device_recovered", 70),
            ("sos-p", "device_recovered", 70),
        ]
    assert lost(play((1, "pump/status", "offline"), (30, LEVEL, "0.1"), (90,))) == []
    assert lost(play((1, "pump/status", "offline"), (30, "pump/status", "online", True), (90,))) == []


def test_a_message_that_cannot_be_read_is_a_fault_only_when_it_persists() -> None:
    said = play(*((10.0 * n, LEVEL, b"\xff") for n in range(10)), (101, LEVEL, "0.1"))
    assert events(said) == [
        ("water-p", "device_fault", True, False),
        ("water-p", "device_fault", False, False),
    ]


def test_a_root_stands_before_the_nodes() -> None:
    settings = SETTINGS.model_copy(update={"root": "house/esp"})
    assert EsphomeInterpreter(settings).topics[-1] == "house/esp/+/status"
    assert events(play((1, f"house/esp/{SMOKE}", "ON"), settings=settings)) == [FIRE]
    assert events(play((1, SMOKE, "ON"), settings=settings)) == []


words = st.sampled_from(
    [
        "ON",
        "OFF",
        "nan",
        "inf",
        "1e999",
        "12.5",
        "online",
        "offline",
        '{"state": "ON"}',
        '{"value": NaN}',
        "9" * 50,
    ]
)
topics = st.builds(
    "/".join,
    st.tuples(
        st.sampled_from(["kitchen", "pump", "attic", ""]),
        st.sampled_from(["binary_sensor", "sensor", "event", "status", "light"]),
        st.sampled_from(["smoke", "red_button", "pit_level", "test", "battery", "sos", "x", "temperature"]),
        st.sampled_from(["state", "command"]),
    ),
) | st.sampled_from(["pump/status", "kitchen/status", "attic/status"])


@given(
    st.lists(
        st.tuples(st.integers(0, 400), topics, words.map(str.encode) | st.binary(max_size=30), st.booleans()),
        max_size=20,
    )
)
def test_no_bytes_break_it_and_nothing_retained_alarms(
    messages: list[tuple[int, str, bytes, bool]],
) -> None:
    interpreter, at_s = EsphomeInterpreter(SETTINGS), 0
    for gap_s, topic, payload, retained in messages:
        at_s += gap_s
        said = [*interpreter.tick(moment(at_s))]
        heard = list(interpreter.hear(topic, payload, retained, moment(at_s)))
        assert not (retained and heard)
        for each in (*said, *heard):
            if isinstance(each, EventSeen):
                DATA_OF[each.kind].model_validate_json(each.data.model_dump_json())
            else:
                Reading(device=each.device, metric=each.metric, value=each.value, at_ms=0, mono_ms=0)


@given(st.sampled_from(["binary_sensor", "sensor", "event"]), st.binary(max_size=100))
def test_any_bytes_are_a_value_or_none(component: str, payload: bytes) -> None:
    value = read_value(component, payload)
    assert value is None or isinstance(value, float if component == "sensor" else bool | str | float)


@pytest.mark.parametrize(
    ("devices", "says"),
    [
        ([{"node": "a", "device": "x", "kind": "smoke"}] * 2, "given twice"),
        (
            [
                {"node": "a", "device": "x", "kind": "smoke", "entities": {"e": "smoke"}},
                {"node": "a", "device": "y", "kind": "smoke", "entities": {"e": "smoke"}},
            ],
            "a/e",
        ),
        ([{"node": "a/b", "device": "x", "kind": "smoke"}], "pattern"),
        ([{"node": "a", "device": "x", "kind": "smoke", "entities": {"e": "fire"}}], "no field"),
        ([{"node": "a", "device": "x"}], "kind"),
    ],
)
def test_settings_say_what_is_wrong(devices: list[dict[str, object]], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        EsphomeSettings.model_validate({"type": "esphome", "devices": devices})
