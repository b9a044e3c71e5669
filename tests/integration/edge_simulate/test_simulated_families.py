"""`redwhistle-edge simulate` at a real box process: each family's simulation is taken by its real source."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.servers.folder import server_folder
from bench.servers.mosquitto import Mosquitto
from bench.servers.waiting import wait_for
from tests.integration.edge_delivery.boxes import BoxProcess
from tests.integration.edge_modbus.peer import SerialPair
from tests.integration.edge_simulate.houses import CARD, Serving, Simulator, kept, serial_sources, write_house

pytestmark = pytest.mark.servers


@dataclass(frozen=True)
class House:
    """A running box and its simulator. `far` are the options that name the far ends of its serial lines."""

    config: Path
    simulator: Simulator
    far: tuple[str, ...]

    def copy(self, folder: Path) -> Path:
        """Its configuration elsewhere, with the files beside it."""
        for name in ("box.yaml", "gate.secret", "reader.key"):
            shutil.copy(self.config.parent / name, folder / name)
        return folder / "box.yaml"

    def events(self, device: str) -> list[dict[str, Any]]:
        return [each for each in kept(self.config) if each["device"] == device]

    def wait_for_event(self, device: str, kind: str, **fields: Any) -> dict[str, Any]:
        def found() -> list[dict[str, Any]]:
            return [
                each
                for each in self.events(device)
                if each["kind"] == kind and {**each, **each["data"]}.items() >= fields.items()
            ]

        wait_for(found, timeout_s=20, what=f"{kind} of {device} with {fields}")
        return found()[-1]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    modbus, osdp = SerialPair(), SerialPair()
    with server_folder("simulate") as broker_folder, Mosquitto(broker_folder) as broker:
        more = serial_sources(modbus.names[0], osdp.names[0], folder)
        config = write_house(folder, broker.port, sources=more)
        box = BoxProcess(config)
        try:
            ready = ["local_broker_connected"] * 3 + ["gbt26875_listening"] * 2 + ["gate_http_listening"]

            def is_ready() -> bool:
                done = box.actions()
                return all(done.count(each) >= ready.count(each) for each in ready)

            wait_for(is_ready, timeout_s=30, what="the box's sources")
            far = ("--line", f"modbus-rtu={modbus.names[1]}", "--line", f"osdp={osdp.names[1]}")
            yield House(config, Simulator(config), far)
        finally:
            box.end()
            modbus.close()
            osdp.close()


def test_a_tour_of_all_families_is_heard_by_the_box(house: House) -> None:
    code, done, said = house.simulator.run("--all", "--yes", "--pause", "0", "--hold", "0.5", *house.far)
    assert [each["problem"] for each in done if not each["ok"]] == []
    assert (code, said) == (0, "")
    wanted = {
        ("smoke-1", "smoke"),
        ("heat-1", "heat"),
        ("gate-1", "gate_forced"),
        ("gate-2", "gate_forced"),
        ("smoke-2", "smoke"),
        ("panel-2-s1-0-c10-2", "smoke"),
        ("gas-1", "gas"),
        ("sos-2", "sos"),
        ("door-1", "gate_opened"),
    }
    for device, kind in wanted:
        event = house.wait_for_event(device, kind, active=True)
        assert not event["test"]
    assert CARD not in json.dumps(kept(house.config)), "the card's number stays in the box"
    outcomes = {each["device"]: each["sent"][0]["outcome"] for each in done}
    assert outcomes["smoke-1"] == "taken by the broker"
    assert outcomes["gate-2"] == "kept by the box (204)"
    assert outcomes["panel-1"].startswith("confirmed by the box")
    assert outcomes["gas-1"].startswith("read by the box")
    assert outcomes["door-1"].startswith("fetched by the box")
    house.wait_for_event("gate-1", "gate_forced", active=False)
    house.wait_for_event("smoke-2", "smoke", active=False)


@pytest.fixture(scope="module")
def serving(house: House) -> Iterator[Serving]:
    made = house.simulator.serve(*house.far)
    yield made
    code, said = made.end()
    assert (code, said.count("\n")) == (1, 1), f"some lines were none, and nothing else went wrong: {said}"


@pytest.mark.parametrize(
    ("device", "act", "kind"),
    [
        ("shake-1", "alarm", "vibration"),
        ("sos-1", "press", "sos"),
        ("gate-1", "held-open", "gate_held_open"),
        ("panel-1", "manual-call", "manual_call"),
        ("smoke-2", "alarm", "smoke"),
        ("gas-1", "alarm", "gas"),
    ],
)
def test_a_test_is_one_at_the_box_and_raises_nothing_real(
    house: House, serving: Serving, device: str, act: str, kind: str
) -> None:
    def real() -> list[dict[str, Any]]:
        found = [each for each in house.events(device) if each["kind"] == kind and not each["test"]]
        return [each for each in found if each["data"]["active"]]

    before = real()
    assert serving.act(f"{device} {act} test")["ok"]
    house.wait_for_event(device, kind, test=True)
    assert real() == before


def test_after_a_test_the_next_press_is_a_call(house: House, serving: Serving) -> None:
    assert serving.act("sos-1 press test")["ok"]
    assert serving.act("sos-1 press gesture=hold")["ok"]
    assert house.wait_for_event("sos-1", "sos", action="hold")["test"] is False


def test_values_beyond_a_limit_faults_and_losses(house: House, serving: Serving) -> None:
    for line in (
        "water-1 exceed",
        "shake-1 low-battery",
        "shake-1 tamper",
        "shake-1 offline",
        '{"device": "gate-1", "act": "denied", "options": {"card": "4512345", "reason": "expired"}}',
        "panel-1 mains-fault",
        "panel-1 fault zone=3 no=9",
        "gas-1 exceed",
        "gas-1 reading value=7.5",
        "door-1 card card=77 bits=34",
    ):
        told = serving.act(line)
        assert told["ok"], told
    house.wait_for_event("water-1", "water_level", limit_m=0.3)
    house.wait_for_event("shake-1", "battery_low")
    house.wait_for_event("shake-1", "tamper")
    house.wait_for_event("shake-1", "device_lost")
    assert house.wait_for_event("gate-1", "gate_denied", reason="expired")["data"]["credential"]
    house.wait_for_event("panel-1", "device_fault", code="mains_fault")
    house.wait_for_event("panel-1-s1-0-c3-9", "device_fault", code="detector_fault")
    house.wait_for_event("gas-1", "gas")
    cards = [each for each in house.events("door-1") if each["kind"] == "gate_opened"]
    assert len({each["data"]["credential"] for each in cards}) == len(cards)


def test_a_line_that_is_none_is_told_and_the_next_one_counts(serving: Serving) -> None:
    assert serving.act("no such thing")["ok"] is False
    assert serving.act('{"device": "gas-1"}')["ok"] is False
    assert serving.act("gas-1 burn")["problem"].startswith("gas-1 (modbus) cannot do 'burn'; it can: alarm")
    assert serving.act("x" * 20_000)["problem"].startswith("longer than")
    assert serving.act("gas-1 clear")["ok"]


def test_serving_without_the_far_end_says_so_and_serves_the_rest(house: House, tmp_path: Path) -> None:
    copied = house.copy(tmp_path)
    made = Simulator(copied).serve()
    assert made.act("gate-1 closed")["ok"]
    code, said = made.end()
    assert code == 0
    assert "modbus-rtu is a serial line that the box has open" in said


def test_another_secret_is_refused_and_the_exit_code_says_so(house: House, tmp_path: Path) -> None:
    copied = house.copy(tmp_path)
    (tmp_path / "gate.secret").write_text("another-secret-of-many-characters\n")
    code, done, _ = Simulator(copied).run("gate-2", "forced", "--yes")
    assert code == 1
    assert "401" in done[0]["problem"]
