"""`redwhistle places import|export`, and `check|tree` without a file: places as the server's database has them."""

import json
from pathlib import Path
from typing import Annotated

import typer

from redwhistle.cli_places import (
    NAME,
    AsJson,
    OpenStore,
    Overwrite,
    describe_counts,
    make_app,
    show_warnings,
    show_written,
)
from redwhistle.errors import ConfigurationError
from redwhistle.places.changes import Change, Changes, to_json
from redwhistle.places.files import Format, format_for, read_places, write_places

MAX_SHOWN = 40
"""Changes printed one by one; beyond that they are counted."""


def attach(app: typer.Typer, open_store: OpenStore) -> None:
    """Add the group `places`, whole, to the root command; `open_store` reaches the database."""
    places = make_app(open_store)

    @places.command("import", help=IMPORT_HELP)
    def _import(
        source: Annotated[
            Path, typer.Argument(metavar="FILE|DIR", help="A .geojson file or a folder with places.csv.")
        ],
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Say what would change; change nothing.")
        ] = False,
        as_json: AsJson = False,
    ) -> None:
        tree, warnings = read_places(source).tree_and_warnings()
        show_warnings(warnings)
        with open_store() as store:
            changes = store.replace(tree, dry_run=dry_run)
        if as_json:
            typer.echo(json.dumps({"dry_run": dry_run} | to_json(changes), ensure_ascii=False))
            return
        for line in _describe(changes):
            typer.echo(line)
        counts = describe_counts(len(tree.places), len(tree.points), len(tree.companies))
        typer.echo(f"{'would be' if dry_run else 'now'} {counts}")

    @places.command("export", help=EXPORT_HELP)
    def _export(
        target: Annotated[
            Path, typer.Argument(metavar="DST", help="A .geojson file, or a folder for CSV tables.")
        ],
        form: Annotated[
            Format | None, typer.Option("--format", help="Without it, by the name of DST.")
        ] = None,
        overwrite: Overwrite = False,
        as_json: AsJson = False,
    ) -> None:
        chosen = form or format_for(target)
        with open_store() as store:
            tree = store.load()
        if not tree.places:
            raise ConfigurationError("there are no places in the database: redwhistle places import FILE")
        show_written(write_places(tree, target, chosen, overwrite=overwrite), as_json)

    app.add_typer(places, name=NAME)


def _describe(changes: Changes) -> list[str]:
    lines = [
        f"{sign} {change.kind} {change.id}{_fields(change)}"
        for sign, group in (("+", changes.added), ("~", changes.changed), ("-", changes.removed))
        for change in group
    ]
    if len(lines) > MAX_SHOWN:
        lines = [*lines[:MAX_SHOWN], f"… and {len(lines) - MAX_SHOWN} more (all of them with --json)"]
    counts = f"{len(changes.added)} added, {len(changes.changed)} changed, {len(changes.removed)} removed"
    return [*lines, counts if changes else "nothing changes"]


def _fields(change: Change) -> str:
    return f" ({', '.join(change.fields)})" if change.fields else ""


IMPORT_HELP = """Make the places of a file the places of the database, whole or not at all.

What is not in the file is removed. A place to which boxes, devices or open work items belong is never removed
and keeps its level and its compound. Doing it twice changes nothing.

\b
Examples:
  redwhistle places import city.geojson --dry-run
  redwhistle places import city-csv/
"""
EXPORT_HELP = """Write the places of the database to a GeoJSON file or a folder of CSV tables.

\b
Examples:
  redwhistle places export city.geojson
  redwhistle places export city-csv --format csv
"""
