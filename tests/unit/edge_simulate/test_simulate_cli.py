"""`redwhistle-edge simulate`: what it prints, what it refuses, and its exit codes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli import app
from tests.unit.edge_simulate.boxes import SOURCES, write_box

runner = CliRunner()
SMALL = [SOURCES[0], {**SOURCES[1], "devices": SOURCES[1]["devices"][:1]}, SOURCES[3], SOURCES[9]]
LISTED = """\
smoke-1  (zigbee2mqtt, 4层烟感)
    alarm         smoke: true  --test --value
    clear         smoke: false
    reading       a measured value, by default a calm one  --metric --value
    low-battery   battery at 9 %
    tamper        opened by somebody
    fault         it reports a fault
    offline       Zigbee2MQTT says that it is offline
    online        Zigbee2MQTT says that it is back
zigbee-bridge  (zigbee2mqtt, Zigbee2MQTT)
    offline       Zigbee2MQTT says that it is offline
    online        Zigbee2MQTT says that it is back
gate-1  (gate, 南门)
    forced        open without being released  --test --direction
    closed        shut; ends forced and held open  --test
    opened        open in the regular way  --test --card --direction --people --reason
    denied        a card was refused  --test --card --direction --reason
    held-open     open for 45 s  --test
    passed        people went through  --test --direction --people
    tailgating    more people than were let in  --test --direction --people
gate-5  (osdp, gate-5)
    card          a card is read  --bits --card --reader
camera:cam-1: a camera is what it looks at: give the path of a video file as its `url`
"""
SHOWN = """\
# smoke-1 alarm
mqtt 127.0.0.1:1883  zigbee2mqtt/7栋/4层  {"smoke": true, "linkquality": 112}
# smoke-1 clear
mqtt 127.0.0.1:1883  zigbee2mqtt/7栋/4层  {"smoke": false, "linkquality": 112}
# gate-1 forced
mqtt 127.0.0.1:1883  access/gate/south  {"event": "forced"}
# gate-1 closed
mqtt 127.0.0.1:1883  access/gate/south  {"event": "closed"}
# gate-5 card
osdp /dev/ttyUSB0 reader 1  26 bits 10100010011011010010110011
"""


def invoke(path: Path, *words: str) -> tuple[int, str, str]:
    result = runner.invoke(app, ["simulate", "--config", str(path), *words])
    return result.exit_code, result.stdout, result.stderr


def test_list_is_what_this_box_has(tmp_path: Path) -> None:
    path = write_box(tmp_path, SMALL)
    assert invoke(path, "list") == (0, LISTED, "")
    code, told, _ = invoke(path, "list", "--json")
    found = json.loads(told)
    assert code == 0
    assert [each["device"] for each in found["devices"]] == ["smoke-1", "zigbee-bridge", "gate-1", "gate-5"]
    assert found["devices"][0]["acts"][0] == {
        "act": "alarm",
        "says": "smoke: true",
        "takes": ["value"],
        "test": True,
    }
    assert list(found["not_simulated"]) == ["camera:cam-1"]


def test_a_dry_run_shows_topics_and_bytes_and_sends_nothing(tmp_path: Path) -> None:
    path = write_box(tmp_path, SMALL)
    assert invoke(path, "--all", "--dry-run") == (0, SHOWN, "")
    code, told, _ = invoke(path, "gate-1", "forced", "--test", "--dry-run", "--json")
    assert code == 0
    assert json.loads(told) == {
        "device": "gate-1",
        "act": "forced",
        "test": True,
        "steps": ['mqtt 127.0.0.1:1883  access/gate/south  {"event": "forced", "test": true}'],
    }


@pytest.mark.parametrize(
    "words",
    [["smoke-1", "alarm"], ["smoke-1", "clear"], ["--all"], ["serve"], ["serve", "--test"], ["--script", "-"], ["--script", "-", "--test"]],
)  # fmt: skip
def test_nothing_goes_out_before_somebody_says_that_it_is_meant(tmp_path: Path, words: list[str]) -> None:
    code, told, said = invoke(write_box(tmp_path, SMALL), *words)
    assert (code, told) == (2, "")
    assert "--yes" in said
    assert "不是演练" in said


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["smoke-1"],
        ["list", "alarm"],
        ["serve", "alarm"],
        ["--all", "smoke-1", "alarm"],
        ["--all", "--script", "-"],
        ["--script", "-", "smoke-1"],
        ["--script", "-", "--dry-run"],
        ["serve", "--dry-run"],
        ["smoke-1", "burn", "--yes"],
        ["nobody", "alarm", "--yes"],
        ["Smoke 1", "alarm", "--yes"],
        ["smoke-1", "alarm", "--zone", "3", "--yes"],
        ["smoke-1", "alarm", "--value", "nan", "--yes"],
        ["gate-5", "card", "--test"],
        ["gate-5", "card", "--bits", "27", "--yes"],
        ["gate-5", "card", "--yes", "--line", "osdp"],
        ["smoke-1", "alarm", "--yes", "--wire", "a=b"],
        ["smoke-1", "alarm", "--yes", "--password-file", "x"],
    ],
)
def test_words_that_do_not_fit_end_with_2_and_a_sentence(tmp_path: Path, words: list[str]) -> None:
    path = write_box(tmp_path, SMALL)
    code, told, said = invoke(path, *words)
    assert (code, told) == (2, "")
    assert said.strip()
    assert "Traceback" not in said
    code, told, _ = invoke(path, *words, "--json")
    assert code == 2
    assert json.loads(told)["ok"] is False


def test_a_broker_that_is_not_there_ends_with_1(tmp_path: Path) -> None:
    broker = {"broker": {"host": "127.0.0.1", "port": 1}}
    path = write_box(tmp_path, [{**SMALL[1], **broker}])
    code, told, said = invoke(path, "smoke-1", "alarm", "--yes")
    assert code == 1
    assert told == ""
    assert "PROBLEM: the local broker 127.0.0.1:1 cannot be reached" in said
    code, told, _ = invoke(path, "smoke-1", "alarm", "--test", "--json", "--repeat", "2", "--pause", "0")
    assert code == 1
    assert [json.loads(line)["ok"] for line in told.splitlines()] == [False, False]


def test_help_has_an_example_and_the_warning() -> None:
    result = runner.invoke(app, ["simulate", "--help"])
    assert result.exit_code == 0
    assert "Example: redwhistle-edge simulate" in result.stdout
    assert "REAL alarms" in result.stdout
