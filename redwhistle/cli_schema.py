"""`redwhistle schema`: the wire contract for programs and for people who write some."""

import json
from pathlib import Path
from typing import Annotated

import typer

from redwhistle.contracts.asyncapi import asyncapi_yaml
from redwhistle.contracts.schema import SCHEMAS, json_schema
from redwhistle.errors import ConfigurationError


def attach(app: typer.Typer) -> None:
    """Add the command `schema`."""
    app.command("schema", help=HELP)(_schema)


def _schema(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One schema; all without it.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write NAME.schema.json files there.")
    ] = None,
    asyncapi: Annotated[
        bool, typer.Option("--asyncapi", help="Print the AsyncAPI 3.0 document (YAML).")
    ] = False,
    _as_json: Annotated[
        bool, typer.Option("--json", help="Schemas are JSON anyway; errors become JSON, too.")
    ] = False,
) -> None:
    if asyncapi:
        if name is not None:
            raise typer.BadParameter("--asyncapi is one document of everything: leave NAME out")
        _put("asyncapi.yaml", asyncapi_yaml(), out)
        return
    if name is not None and name not in SCHEMAS:
        raise ConfigurationError(f"no schema {name!r}: the names are {', '.join(SCHEMAS)}")
    if out is None:
        shown = json_schema(name) if name else {each: json_schema(each) for each in SCHEMAS}
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for each in [name] if name else SCHEMAS:
        _put(f"{each}.schema.json", json.dumps(json_schema(each), ensure_ascii=False, indent=2) + "\n", out)


def _put(name: str, text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, encoding="utf-8")
    except OSError as fault:
        raise ConfigurationError(f"{out / name} cannot be written: {fault.strerror or fault}") from fault
    typer.echo(f"written: {out / name}")


HELP = f"""Print the JSON schemas of what boxes and server say to each other.

Names: {", ".join(name for name in SCHEMAS if "." not in name)}, event.KIND for the data of a kind of event, and
command.NAME for the arguments of a command.

\b
Examples:
  redwhistle schema envelope
  redwhistle schema event.smoke
  redwhistle schema --out schemas/
  redwhistle schema --asyncapi > docs/asyncapi.yaml
"""
