"""What goes out for a wish: topics and bytes as the real devices send them, by the real decoders' reading."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.gbt26875.data_units import decode_data
from edge.agent.gbt26875.frame import decode_frame, encode_frame
from edge.agent.gbt26875.objects import AnalogValue, ComponentState, Operation, SystemState
from edge.agent.gbt26875.states import ComponentBit, OperationBit, SystemBit
from edge.agent.policy.wiegand import has_parity
from edge.agent.sources.modbus_decode import read_input, read_register
from edge.agent.sources.modbus_map import InputSettings, NumberType, RegisterSettings, Table
from edge.simulate.desk import Desk
from edge.simulate.families.modbus import calm_cells, contact_cells, put
from edge.simulate.families.modbus import value_cells as encode
from edge.simulate.steps import Close, Present, Publish, Pulses, Report, Store, Wait
from redwhistle.contracts.readings import Metric
from redwhistle.errors import ConfigurationError
from tests.unit.edge_simulate.boxes import make_desk, plan, shown

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return make_desk(tmp_path_factory.mktemp("box"))


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "firmware-config" / name).read_text(encoding="utf-8"))
    return found


def test_every_act_of_every_device_can_be_planned_and_fits_its_schema(desk: Desk) -> None:
    zigbee = schema("zigbee2mqtt/detector-payload.schema.json")
    gate = schema("gate-mqtt/gate-payload.schema.json")
    planned = 0
    for device in desk.roster():
        for act in device.acts:
            for test in {False, act.test}:
                for step in plan(desk, device.device, act.name, test=test):
                    planned += 1
                    assert step.shown()
                    if isinstance(step, Publish) and step.topic.startswith("access/"):
                        jsonschema.validate(json.loads(step.payload), gate)
                    elif isinstance(step, Publish) and device.family == "zigbee2mqtt":
                        jsonschema.validate(json.loads(step.payload), zigbee)
    assert planned > 100


@pytest.mark.parametrize(
    ("device", "act", "options", "wanted"),
    [
        ("smoke-1", "alarm", {"value": 0.8}, ['zigbee2mqtt/7栋/4层  {"smoke": true, "smoke_level": 0.8, "linkquality": 112}']),
        ("heat-1", "alarm", {}, ['zigbee2mqtt/厨房  {"smoke": true, "linkquality": 112}']),
        ("gas-1", "exceed", {}, ['zigbee2mqtt/锅炉房  {"gas_value": 22.0, "linkquality": 112}']),
        ("smoke-1", "offline", {}, ['zigbee2mqtt/7栋/4层/availability  {"state": "offline"}']),
        ("zigbee-bridge", "offline", {}, ['zigbee2mqtt/bridge/state  {"state": "offline"}']),
        ("water-1", "exceed", {}, ["nodes/pit/sensor/pit_level/state  0.35"]),
        ("water-1", "reading", {"value": 0.12}, ["nodes/pit/sensor/pit_level/state  0.12"]),
        ("gate-1", "denied", {"card": "12", "direction": "in"}, ['access/gate/south  {"event": "denied", "direction": "in", "card": "12"}']),
    ],
)  # fmt: skip
def test_topics_and_payloads(
    desk: Desk, device: str, act: str, options: dict[str, Any], wanted: list[str]
) -> None:
    assert shown(desk, device, act, **options) == [f"mqtt 127.0.0.1:1883  {each}" for each in wanted]


def test_a_press_of_an_entity_closes_and_opens_a_contact(desk: Desk) -> None:
    said = [each.payload for each in plan(desk, "sos-2", "press") if isinstance(each, Publish)]
    assert said == ["ON", "OFF"]


def test_the_end_of_a_test_says_nothing_of_the_condition(desk: Desk) -> None:
    """`smoke: false` would end a real alarm of the same detector."""
    steps = plan(desk, "smoke-1", "alarm", test=True)
    first, last = (json.loads(each.payload) for each in steps if isinstance(each, Publish))
    assert (first["smoke"], first["test"]) == (True, True)
    assert (last.get("smoke"), last["test"]) == (None, False)


def test_measured_values_and_faults_cannot_be_tests(desk: Desk) -> None:
    for device in desk.roster():
        unmarked = {"exceed", "reading", "low-battery", "tamper", "offline", "clear", "reset"}
        unmarked |= set() if device.family == "gbt26875" else {"fault"}  # a panel's states have a test bit
        assert not [each for each in device.acts if each.name in unmarked and each.test]


def test_a_fire_panel_whose_test_bit_is_not_sure_takes_no_test(desk: Desk) -> None:
    with pytest.raises(ConfigurationError, match="test_bit is learn"):
        plan(desk, "panel-2", "fire", test=True)


def frames_of(desk: Desk, device: str, act: str, **more: Any) -> list[Any]:
    found = []
    for step in plan(desk, device, act, **more):
        assert isinstance(step, Report)
        unit = decode_data(decode_frame(encode_frame(step.frame)).data)
        assert unit is not None
        found += [(step.frame.source, each) for each in unit.objects]
    return found


def test_frames_of_a_fire_panel(desk: Desk) -> None:
    ((source, said),) = frames_of(desk, "panel-1", "fire", zone=3, no=9, component=23)
    assert source == 889
    assert isinstance(said, ComponentState)
    assert (said.component_type, said.address) == (23, 3 | 9 << 16)
    assert said.state == ComponentBit.FIRE | ComponentBit.NORMAL
    ((_, said),) = frames_of(desk, "smoke-2", "alarm", test=True)
    assert isinstance(said, ComponentState)
    assert (said.component_type, said.address, said.state) == (40, 10 | 2 << 16, ComponentBit.FIRE)
    ((_, said),) = frames_of(desk, "panel-1", "reset")
    assert isinstance(said, SystemState)
    assert said.state & SystemBit.RESET
    ((_, said),) = frames_of(desk, "panel-1", "manual-call", test=True)
    assert isinstance(said, Operation)
    assert said.operation == OperationBit.MANUAL_ALARM | OperationBit.TEST
    ((_, said),) = frames_of(desk, "smoke-2", "reading", value=-12.5)
    assert isinstance(said, AnalogValue)
    assert said.value == -12.5


def test_a_contact_moves_both_sides_of_its_supervision(desk: Desk) -> None:
    chip = "/dev/gpiochip0"
    assert plan(desk, "relay-1", "alarm") == [Close(chip, 17, True), Close(chip, 27, False)]
    assert plan(desk, "relay-1", "clear") == [Close(chip, 17, False), Close(chip, 27, True)]
    assert plan(desk, "relay-1", "cut") == [Close(chip, 17, False), Close(chip, 27, False)]
    assert plan(desk, "gate-3", "opened") == [Close(chip, 26, False)], "normally closed"
    assert plan(desk, "gate-4", "closed") == [Close(chip, 16, True)]
    marked = [each for each in plan(desk, "relay-1", "alarm", test=True) if not isinstance(each, Wait)]
    assert marked[0] == Close(chip, 22, False), "the test switch, normally closed, comes first"
    assert marked[-1] == Close(chip, 22, True)


def test_cards_are_whole_frames(desk: Desk) -> None:
    (step,) = plan(desk, "gate-4", "card", card="77", bits=34, reader=1)
    assert isinstance(step, Pulses)
    assert (step.d0, step.d1, len(step.bits), has_parity(step.bits)) == (23, 24, 34, True)
    (step,) = plan(desk, "gate-5", "card")
    assert isinstance(step, Present)
    assert (step.address, len(step.bits)) == (1, 26)
    with pytest.raises(ConfigurationError, match="below 16777216"):
        plan(desk, "gate-4", "card", card="16777216")
    with pytest.raises(ConfigurationError, match="it has 2"):
        plan(desk, "gate-4", "card", reader=2)


def test_a_modbus_unit_is_calm_until_it_is_not(desk: Desk) -> None:
    (step,) = plan(desk, "water-2", "exceed")
    assert isinstance(step, Store)
    (unit,) = step.line.map.units
    memory: dict[tuple[Table, int], int] = {}
    put(memory, calm_cells(unit))
    (device,) = unit.devices
    leak, fault = device.inputs
    assert read_register(device.registers[0], memory) == 0
    assert (read_input(leak, memory), read_input(fault, memory)) == (False, False)
    put(memory, step.cells)
    assert read_register(device.registers[0], memory) == pytest.approx(0.35)
    for each in plan(desk, "water-2", "alarm"):
        assert isinstance(each, Store)
        put(memory, each.cells)
    assert read_input(leak, memory) is True
    assert read_register(device.registers[0], memory) == pytest.approx(0.35), "its neighbours stay"


@given(
    st.sampled_from(NumberType),
    st.sampled_from(["big", "little"]),
    st.sampled_from(["big", "little"]),
    st.sampled_from([1.0, 0.1, 0.001, 2.5]),
    st.floats(-100, 100),
)
def test_the_box_reads_what_was_written(
    kind: NumberType, words: Any, bytes_: Any, scale: float, value: float
) -> None:
    register = RegisterSettings(
        address=7, type=kind, word_order=words, byte_order=bytes_, scale=scale, metric=Metric.TILT_DEG
    )
    try:
        cells = encode(register, value)
    except ConfigurationError:
        assert kind in {NumberType.UINT16, NumberType.UINT32, NumberType.INT16}
        assert value < 0 or abs(value / scale) > 32767
        return
    memory: dict[tuple[Table, int], int] = {}
    put(memory, cells)
    read = read_register(register, memory)
    assert read == pytest.approx(value, abs=scale / 2 + 1e-4)


@given(st.integers(0, 0xFFFF), st.integers(0, 15), st.booleans(), st.booleans())
def test_one_bit_leaves_the_others(word: int, bit: int, inverted: bool, on: bool) -> None:
    contact = InputSettings(address=0, table=Table.INPUT, bit=bit, says="smoke", inverted=inverted)
    memory = {(Table.INPUT, 0): word}
    put(memory, contact_cells(contact, on))
    after = memory[Table.INPUT, 0]
    assert read_input(contact, memory) is on
    assert after | 1 << bit == word | 1 << bit, "every other bit is as it was"


def test_a_tour_visits_each_section_once_and_ends_what_it_began(desk: Desk) -> None:
    tour = [(each.device, each.act) for each in desk.tour(test=False)]
    assert tour == [
        ("smoke-1", "alarm"),
        ("smoke-1", "clear"),
        ("water-1", "alarm"),
        ("water-1", "clear"),
        ("gate-1", "forced"),
        ("gate-1", "closed"),
        ("gate-2", "forced"),
        ("gate-2", "closed"),
        ("panel-1", "fire"),
        ("panel-1", "reset"),
        ("water-2", "alarm"),
        ("water-2", "clear"),
        ("relay-1", "alarm"),
        ("relay-1", "clear"),
        ("gate-4", "card"),
        ("gate-5", "card"),
    ]
    tests = list(desk.tour(test=True))
    assert all(each.test for each in tests)
    assert {"gate-4", "gate-5", "water-2"}.isdisjoint({each.device for each in tests})
    for wish in [*desk.tour(test=False), *tests]:
        assert desk.plan(wish, 0)
