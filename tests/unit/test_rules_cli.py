"""`redwhistle rules …`: exit codes, JSON for scripts, errors that say what to do."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from server.alerts.engine import records
from server.commands.rules import attach
from tests.unit.engine_world import CAMERA, SMOKE_1, World

app = typer.Typer()
attach(app)


@app.callback()
def _root() -> None:
    """Stands for the root command."""


def run(*arguments: str, text: str | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["rules", *arguments], input=text)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def bad_pack(tmp_path: Path) -> Path:
    path = tmp_path / "bad.yaml"
    path.write_text("version: 1\nrules:\n  - id: a\n    type: trigger\n", encoding="utf-8")
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    world = World()
    world.event(CAMERA, "flame_seen", data={"score": 0.9})
    world.at(30).event(SMOKE_1, "smoke")
    world.at(40).reading(SMOKE_1, "temperature_c", 90)
    world.at(300).event(SMOKE_1, "smoke", active=False)
    path = tmp_path / "items.jsonl"
    lines = [records.write_item(item, now_ms) for item, now_ms in world.log]
    path.write_text("\n".join(lines) + "\n\n", encoding="utf-8")
    return path


def test_check_of_the_default_pack() -> None:
    assert run("check", "--default")[0] == 0
    code, out, _ = run("check", "--default", "--json")
    report = json.loads(out)
    assert code == 0
    assert report["ok"] is True
    assert report["rules"] > 25
    assert report["notices"] == []


def test_check_names_every_problem(bad_pack: Path) -> None:
    code, out, err = run("check", str(bad_pack))
    assert (code, out) == (1, "")
    assert "error: line 3, rule a, kinds: is missing" in err
    code, out, _ = run("check", str(bad_pack), "--json")
    assert code == 1
    assert len(json.loads(out)["problems"]) == 4


def test_check_says_what_a_pack_leaves_out(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(
        "version: 1\nrules:\n  - {id: a, type: trigger, hazard: fire, severity: 1, title: {zh: 火, en: fire}, kinds: [smoke]}\n",
        encoding="utf-8",
    )
    code, out, _ = run("check", str(path))
    assert code == 0
    assert "no rule begins with sos" in out
    assert "no rule of type box" in out


@pytest.mark.parametrize(
    "arguments", [["check"], ["check", "nowhere.yaml"], ["list", "nowhere.yaml"], ["explain", "nothing"]]
)
def test_errors_say_what_to_do(arguments: list[str]) -> None:
    code, _, err = run(*arguments)
    assert code == 1
    assert err.startswith("error: ")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    code, _, err = run("check", str(path))
    assert code == 1
    assert "UTF-8" in err


def test_list_and_explain() -> None:
    code, out, _ = run("list")
    assert code == 0
    assert "Ⅰ  sos" in out
    assert "紧急求助 / Call for help" in out
    assert len(json.loads(run("list", "--json")[1])["rules"]) == len(out.splitlines())
    code, out, _ = run("explain", "people-count")
    assert code == 0
    assert "不低于 50" in out
    assert "limit 30" in out
    assert json.loads(run("explain", "fire-confirmed", "--json")[1])["rule"]["n"] == 2


def test_schema_is_json() -> None:
    code, out, _ = run("schema")
    assert code == 0
    assert json.loads(out)["title"] == "RedWhistle rule pack"


def test_try_prints_what_would_be_decided_with_wake_ups_in_their_time(log: Path) -> None:
    code, out, _ = run("try", "--default", "--log", str(log))
    assert code == 0
    assert "fire/confirmed 1 by fire-confirmed" in out
    assert "4 items" in out
    code, out, _ = run("try", "--default", "--log", str(log), "--json")
    names = [json.loads(line)["decision"] for line in out.splitlines()]
    assert names[:3] == ["raise", "raise", "upgrade"]
    assert any("heat-reading" in line for line in out.splitlines()), "70 s into the log, by a wake-up"
    assert run("try", "--default", "--log", "-", "--json", text=log.read_text(encoding="utf-8"))[1] == out


def test_the_log_in_the_documentation_can_be_tried(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    path = tmp_path / "items.jsonl"
    path.write_text(page.split("```json\n")[1].split("```")[0], encoding="utf-8")
    assert "1 raise" in run("try", "--default", "--log", str(path))[1]
    code, out, _ = run("try", "--default", "--log", str(path), "--settle-s", "600", "--json")
    assert code == 0
    rules_met = [json.loads(line).get("rule") for line in out.splitlines()]
    assert rules_met == ["smoke-alarm", "heat-reading", "fire-confirmed", "box-lost", "device-missing"]


def test_the_rule_in_the_documentation_is_a_rule(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    path = tmp_path / "rules.yaml"
    path.write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    assert run("check", str(path))[0] == 0


def test_a_log_with_wake_ups_of_its_own_gets_no_others(log: Path) -> None:
    wake = {
        "type": "wake",
        "id": "w",
        "at_ms": json.loads(log.read_text(encoding="utf-8").splitlines()[2])["at_ms"] + 31_000,
    }
    lines = log.read_text(encoding="utf-8").splitlines()
    log.write_text("\n".join([*lines[:3], json.dumps(wake), lines[3]]), encoding="utf-8")
    found = [
        json.loads(line) for line in run("try", "--default", "--log", str(log), "--json")[1].splitlines()
    ]
    assert [line["item_id"] for line in found if line.get("why", {}).get("rule") == "heat-reading"] == ["w"]


def test_try_names_the_line_at_fault(log: Path) -> None:
    log.write_text(log.read_text(encoding="utf-8").splitlines()[0] + "\n{}\n", encoding="utf-8")
    code, _, err = run("try", "--default", "--log", str(log))
    assert code == 1
    assert "line 2: type is 'None'; use one of: event" in err
    assert run("try", "--default")[0] == 1
