"""The root command: help, version, errors, extras that are there and extras that are not."""

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer

from redwhistle import __version__
from redwhistle.cli import GROUP, run
from redwhistle.errors import Unavailable

CITY = str(Path(__file__).parents[2] / "docker" / "sample" / "city.geojson")


def entry(value: str, name: str = "server") -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def attach_greet(app: typer.Typer) -> None:
    """What an extra does: add commands."""

    @app.command("greet")
    def _greet(name: str, as_json: bool = typer.Option(False, "--json")) -> None:
        if name == "nobody":
            raise Unavailable("the database cannot be reached: start it")
        typer.echo(f"hello {name} {as_json}")


class Loaded(EntryPoint):
    """An entry point that is already loaded."""

    def load(self) -> object:
        return attach_greet


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"], []) == 0
    assert capsys.readouterr().out == f"redwhistle {__version__}\n"
    assert run(["--help"], []) == 0
    shown = capsys.readouterr().out
    assert "Examples:" in shown
    assert "does not replace them" in shown
    assert run([], []) == 2
    assert "Commands:" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command", [["places"], ["places", "check"], ["places", "tree"], ["places", "convert"], ["schema"]]
)
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--help"], []) == 0
    assert "Usage: redwhistle" in capsys.readouterr().out


def test_an_extra_adds_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    points = [Loaded("server", "x", GROUP)]
    assert run(["greet", "you"], points) == 0
    assert capsys.readouterr().out == "hello you False\n"


def test_a_missing_extra_breaks_nothing_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    points = [entry("no_such_library_here.cli:attach")]
    assert run(["places", "check", CITY], points) == 0
    assert run(["schema", "ack"], points) == 0
    assert run(["--help"], points) == 0
    assert "pip install 'redwhistle[server]'" in " ".join(capsys.readouterr().out.split())
    assert run(["serve"], points) == 2
    shown = capsys.readouterr().err
    assert "No such command 'serve'" in shown
    assert "no module no_such_library_here" in shown
    assert "pip install 'redwhistle[server]'" in shown


def test_an_error_of_ours_is_one_line_and_one(capsys: pytest.CaptureFixture[str]) -> None:
    points = [Loaded("server", "x", GROUP)]
    assert run(["greet", "nobody"], points) == 1
    assert capsys.readouterr().err == "error: the database cannot be reached: start it\n"
    assert run(["greet", "nobody", "--json"], points) == 1
    shown = json.loads(capsys.readouterr().err)
    assert shown == {"error": {"type": "Unavailable", "text": "the database cannot be reached: start it"}}


def test_a_command_not_understood_is_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["places", "tree", CITY, "--depth", "x"], []) == 2
    assert "Try: redwhistle places tree --help" in capsys.readouterr().err
    assert run(["places", "tree", CITY, "--dept", "1", "--json"], []) == 2
    assert json.loads(capsys.readouterr().err)["error"]["type"] == "UsageError"


@pytest.mark.slow
def test_as_a_process_and_into_a_closed_pipe() -> None:
    command = [sys.executable, "-c", "from redwhistle.cli import main; main()"]
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"redwhistle {__version__}\n")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [*command, "schema"], stdout=closed, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (1, "")
