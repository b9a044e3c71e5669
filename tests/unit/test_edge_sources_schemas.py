"""firmware-config's schemas and templates say what the code does."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.policy.gate import GateAct
from edge.agent.sources import fields, gate
from edge.agent.sources.card_key import CardHasher
from edge.agent.sources.gate_settings import GateSettings
from edge.agent.sources.json_door import READING_LIMITS, read_flag
from edge.agent.sources.zigbee_settings import ZigbeeSettings
from redwhistle.contracts.state import DeviceKind

FOLDER = Path(__file__).resolve().parents[2] / "firmware-config"
HASHER = CardHasher(bytes(32))


def load(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


GATE = load("gate-mqtt/gate-payload.schema.json")
SMOKE = load("zigbee2mqtt/smoke-payload.schema.json")
SCHEMAS = [(schema, example) for schema in (GATE, SMOKE) for example in schema["examples"]]


@pytest.mark.parametrize(("schema", "example"), SCHEMAS)
def test_examples_fit_their_schema(schema: dict[str, Any], example: dict[str, Any]) -> None:
    jsonschema.validate(example, schema)


@pytest.mark.parametrize("example", GATE["examples"])
def test_gate_examples_are_understood_whole(example: dict[str, Any]) -> None:
    report = gate.read_report(json.dumps(example).encode(), HASHER)
    assert report is not None
    assert report.act == example["event"]
    assert report.direction == example.get("direction", "unknown")
    assert report.reason == example.get("reason")
    assert report.open_s == example.get("open_s")
    assert report.test is example.get("test", False)
    assert (report.credential is None) == ("card" not in example)


def test_gate_schema_knows_the_acts_of_the_code() -> None:
    assert set(GATE["properties"]["event"]["enum"]) == {act.value for act in GateAct}


@pytest.mark.parametrize("example", SMOKE["examples"])
def test_smoke_examples_are_understood(example: dict[str, Any]) -> None:
    report = fields.read_report(example, DeviceKind.SMOKE)
    smoke = [each.value for each in report.conditions if each.key == "smoke"]
    assert smoke == ([] if example["smoke"] is None else [example["smoke"]])
    assert report.battery_pct == example.get("battery")


def test_smoke_schema_has_the_limits_of_the_code() -> None:
    names = {"temperature": "temperature_c", "battery": "battery_pct", "linkquality": "link_quality"}
    for name, field in SMOKE["properties"].items():
        if "minimum" in field:
            limits = {str(metric): each for metric, each in READING_LIMITS.items()}[names.get(name, name)]
            assert (field["minimum"], field["maximum"]) == limits


words = st.sampled_from(
    ["true", "ON", "off", "Clear", "", "alarm", "maybe", "1", "0", "offline", " on"]
) | st.text(max_size=6)


@given(st.none() | st.booleans() | st.integers() | words)
def test_what_the_schema_calls_a_condition_is_understood(value: object) -> None:
    condition = jsonschema.Draft202012Validator({**SMOKE["$defs"]["condition"]})
    if value is not None and condition.is_valid(value):
        assert read_flag(value) is not None


def blocks(path: Path) -> list[Any]:
    parts = path.read_text(encoding="utf-8").split("```yaml\n")[1:]
    return [yaml.safe_load(part.partition("```")[0]) for part in parts]


def test_the_settings_in_the_readmes_are_valid() -> None:
    (zigbee,) = blocks(FOLDER / "zigbee2mqtt" / "README.md")
    settings = ZigbeeSettings.model_validate(zigbee["sources"][0])
    assert settings.heartbeat_of(settings.devices[0]) == 43_200
    (gates,) = blocks(FOLDER / "gate-mqtt" / "README.md")
    assert GateSettings.model_validate(gates["sources"][0]).devices[0].heartbeat_s == 600


def test_the_zigbee2mqtt_template_keeps_what_the_box_relies_on() -> None:
    template = yaml.safe_load((FOLDER / "zigbee2mqtt" / "configuration.yaml").read_text(encoding="utf-8"))
    assert template["mqtt"]["base_topic"] == ZigbeeSettings(type="smoke").base_topic
    assert template["advanced"] == {"output": "json", "cache_state_send_on_startup": False}
    assert template["device_options"] == {"qos": 1, "retain": False}
