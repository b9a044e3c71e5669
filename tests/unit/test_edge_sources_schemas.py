"""firmware-config's schemas and templates say what the code does."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from edge.agent.policy.gate import GateAct
from edge.agent.sources import esphome, fields, gate
from edge.agent.sources.card_key import CardHasher
from edge.agent.sources.esphome_settings import EsphomeSettings
from edge.agent.sources.gate_settings import GateSettings
from edge.agent.sources.json_door import READING_LIMITS, read_flag
from edge.agent.sources.modbus_map import RegisterMap, read_map
from edge.agent.sources.modbus_settings import ModbusSettings
from edge.agent.sources.zigbee_settings import ZigbeeSettings
from edge.cli import app
from redwhistle.contracts.state import DeviceKind

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = CHECKOUT / "firmware-config"
DOCS = CHECKOUT / "docs"
HASHER = CardHasher(bytes(32))


def load(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


GATE = load("gate-mqtt/gate-payload.schema.json")
DETECTOR = load("zigbee2mqtt/detector-payload.schema.json")
ENTITY = load("esphome/entity-payload.schema.json")
SCHEMAS = [(schema, example) for schema in (GATE, DETECTOR, ENTITY) for example in schema["examples"]]


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


@pytest.mark.parametrize("example", DETECTOR["examples"])
def test_detector_examples_are_understood_whole(example: dict[str, Any]) -> None:
    report = fields.read_report(example, DeviceKind.SOS)
    said = {each.key: each.value for each in report.conditions}
    for name, value in example.items():
        if value is not None and name in fields.ALARM_FIELDS:
            assert said[name] is value
        elif value is not None and name in fields.METRIC_FIELDS:
            assert dict(report.readings)[fields.METRIC_FIELDS[name]] == value
    assert len(report.presses) == ("action" in example)
    assert report.test is example.get("test")


def test_the_detector_schema_names_what_the_code_knows_with_its_limits() -> None:
    assert set(DETECTOR["properties"]) == fields.KNOWN_FIELDS
    for name, field in DETECTOR["properties"].items():
        if "minimum" in field:
            assert (field["minimum"], field["maximum"]) == READING_LIMITS[fields.METRIC_FIELDS[name]]
        else:
            assert name not in fields.METRIC_FIELDS


@pytest.mark.parametrize("example", ENTITY["examples"])
def test_entity_examples_are_understood(example: object) -> None:
    written = [json.dumps(example)] + [str(example)] * (not isinstance(example, dict))
    for text in written:
        component = "sensor" if isinstance(example, float) or "value" in text else "binary_sensor"
        assert esphome.read_value(component, text.strip('"').encode()) is not None


def test_the_schema_of_register_maps_is_that_of_the_code() -> None:
    written = load("modbus/register-map.schema.json")
    made = RegisterMap.model_json_schema()
    assert {**made, "$schema": written["$schema"], "title": written["title"]} == written, (
        "write RegisterMap.model_json_schema() into it anew"
    )


@pytest.mark.parametrize("path", sorted((FOLDER / "modbus").glob("*.yaml")), ids=lambda path: path.name)
def test_the_example_maps_are_valid(path: Path) -> None:
    assert read_map(path).devices()
    jsonschema.validate(
        yaml.safe_load(path.read_text(encoding="utf-8")), load("modbus/register-map.schema.json")
    )


def test_the_esphome_template_names_its_entities_as_the_box_knows_them() -> None:
    text = (FOLDER / "esphome" / "detector-node.yaml").read_text(encoding="utf-8").replace("!lambda", "")
    node = yaml.safe_load(text)
    names = {each["name"] for part in ("sensor", "binary_sensor") for each in node[part]}
    assert names - {"uptime"} <= fields.KNOWN_FIELDS
    uptime = next(each for each in node["sensor"] if each["name"] == "uptime")
    assert float(uptime["update_interval"].removesuffix("s")) <= EsphomeSettings(type="esphome").heartbeat_s
    assert node["mqtt"]["topic_prefix"] == "${node}"


PAGES = sorted(path for path in (DOCS / "sensors").glob("*.md") if "```yaml\nsite:" in path.read_text())
assert len(PAGES) >= 5


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_check_config_accepts_the_example_of_each_page(page: Path, tmp_path: Path) -> None:
    for example in (FOLDER / "modbus").glob("*.yaml"):
        shutil.copy(example, tmp_path)
    (text,) = re.findall(r"```yaml\n(site:.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    for clip in re.findall(r"[\w/-]+\.wav", text):
        (tmp_path / clip).parent.mkdir(exist_ok=True)
        (tmp_path / clip).touch()
    (tmp_path / "box.yaml").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["check-config", "--config", str(tmp_path / "box.yaml"), "--json"])
    assert (done.exit_code, json.loads(done.output)["ok"]) == (0, True), done.output


words = st.sampled_from(
    ["true", "ON", "off", "Clear", "", "alarm", "maybe", "1", "0", "offline", " on"]
) | st.text(max_size=6)


@given(st.none() | st.booleans() | st.integers() | words)
def test_what_the_schema_calls_a_condition_is_understood(value: object) -> None:
    condition = jsonschema.Draft202012Validator({**DETECTOR["$defs"]["condition"]})
    if value is not None and condition.is_valid(value):
        assert read_flag(value) is not None


def blocks(path: Path) -> list[Any]:
    parts = path.read_text(encoding="utf-8").split("```yaml\n")[1:]
    return [yaml.safe_load(part.partition("```")[0]) for part in parts]


def test_the_settings_in_the_readmes_are_valid() -> None:
    (zigbee,) = blocks(FOLDER / "zigbee2mqtt" / "README.md")
    settings = ZigbeeSettings.model_validate(zigbee["sources"][0])
    assert settings.heartbeat_of(settings.devices[0]) == 43_200
    (node,) = blocks(FOLDER / "esphome" / "README.md")
    assert EsphomeSettings.model_validate(node["sources"][0]).devices[1].entities == {"sos": "sos"}
    (line,) = blocks(FOLDER / "modbus" / "README.md")
    section = ModbusSettings.model_validate(line["sources"][0], context={"folder": FOLDER / "modbus"})
    assert len(section.map.units) == 2
    (gates,) = blocks(FOLDER / "gate-mqtt" / "README.md")
    assert GateSettings.model_validate(gates["sources"][0]).devices[0].heartbeat_s == 600


def test_the_zigbee2mqtt_template_keeps_what_the_box_relies_on() -> None:
    template = yaml.safe_load((FOLDER / "zigbee2mqtt" / "configuration.yaml").read_text(encoding="utf-8"))
    assert template["mqtt"]["base_topic"] == ZigbeeSettings(type="smoke").base_topic
    assert template["advanced"] == {"output": "json", "cache_state_send_on_startup": False}
    assert template["device_options"] == {"qos": 1, "retain": False}
