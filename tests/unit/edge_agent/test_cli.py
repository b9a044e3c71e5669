"""`redwhistle-edge`: exit codes, JSON, and what people read."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli import app
from tests.unit.edge_agent.test_settings import GOOD, write
from tests.unit.edge_outbox.making import open_outbox, reading, smoke

runner = CliRunner()


def test_check_config_says_what_it_found(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    result = runner.invoke(app, ["check-config", "--config", str(path), "--json"])
    assert result.exit_code == 0
    found = {"ok": True, "site": "jinsha", "box": "jinsha-1", "devices": 1, "sources": ["replay"]}
    assert json.loads(result.stdout) == found
    assert runner.invoke(app, ["check-config", "-c", str(path)]).stdout.startswith("OK: box jinsha-1")


@pytest.mark.parametrize("arguments", [["check-config"], ["run"], ["run", "--check"], ["outbox", "show"]])
def test_a_bad_configuration_ends_with_2_and_its_line(tmp_path: Path, arguments: list[str]) -> None:
    path = write(tmp_path, GOOD.replace("site: jinsha", "site: 9 9"))
    result = runner.invoke(app, [*arguments, "--config", str(path)])
    assert result.exit_code == 2
    assert "line 1: site:" in result.stderr


def test_faults_come_as_json_as_well(tmp_path: Path) -> None:
    path = write(tmp_path, "site: [")
    result = runner.invoke(app, ["check-config", "--config", str(path), "--json"])
    assert result.exit_code == 2
    assert json.loads(result.stdout)["ok"] is False


def test_run_check_reaches_for_the_broker_and_starts_nothing(tmp_path: Path) -> None:
    text = GOOD.replace("broker.example", "127.0.0.1\n  port: 1").replace("  tls: {ca_file: ca.pem}\n", "")
    result = runner.invoke(app, ["run", "--check", "--config", str(write(tmp_path, text))])
    assert result.exit_code == 1
    assert "PROBLEM: 127.0.0.1:1: the broker cannot be reached" in result.stderr
    assert not (tmp_path / "data").exists()


def test_outbox_show(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    result = runner.invoke(app, ["outbox", "show", "--config", str(path)])
    assert (result.exit_code, "has not run" in result.stderr) == (1, True)
    outbox = open_outbox(tmp_path / "data")
    outbox.put_event(smoke())
    outbox.put_reading(reading(1))
    outbox.flush()
    result = runner.invoke(app, ["outbox", "show", "--config", str(path), "--json"])  # while it is open
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert (report["alarms"], report["readings"], report["epoch"]) == (1, 1, outbox.epoch)
    assert report["last_seq"] == {"alarm": 1, "telemetry": 1}
    outbox.close()
    result = runner.invoke(app, ["outbox", "show", "--config", str(path)])
    assert "alarms     1 waiting" in result.stdout


def test_help_has_examples() -> None:
    for words in (["run"], ["check-config"], ["outbox", "show"]):
        result = runner.invoke(app, [*words, "--help"])
        assert result.exit_code == 0
        assert "Example: redwhistle-edge" in result.stdout
