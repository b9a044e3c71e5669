"""What the commands of `redwhistle-edge` have in common: their options, exit codes, and how they end with an error."""

import json
from pathlib import Path
from typing import Annotated, Never

import typer

from edge.settings import LoadedSettings, load_settings
from redwhistle.errors import RedWhistleError

Config = Annotated[Path, typer.Option("--config", "-c", help="The box's YAML file.", dir_okay=False)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")]

EXIT_PROBLEM = 1
EXIT_CONFIGURATION = 2


def load(config: Path) -> LoadedSettings:
    """The configuration, or the end of the command with its problems."""
    try:
        return load_settings(config)
    except RedWhistleError as error:
        fail(error, EXIT_CONFIGURATION)


def fail(error: RedWhistleError, code: int = EXIT_PROBLEM, *, as_json: bool = False) -> Never:
    """End the command: the error on standard error, or as `{"ok": false, "problems": [...]}` for scripts."""
    if as_json:
        print_json({"ok": False, "problems": str(error).splitlines()})
    else:
        typer.echo(str(error), err=True)
    raise typer.Exit(code)


def print_json(value: object) -> None:
    """One line of JSON on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False))
