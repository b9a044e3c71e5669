"""`redwhistle db …`: the schema and what is in it."""

import json
from typing import Annotated

import typer

from server.settings import Settings
from server.store import migrate as migrations
from server.store.check import check_database

app = typer.Typer(no_args_is_help=True, help="The database's schema: migrate, status, check.")

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url", help="postgresql://… [default: REDWHISTLE_DATABASE_URL]", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")]


def attach(root: typer.Typer) -> None:
    """Hang `db` under the root command."""
    root.add_typer(app, name="db")


@app.command()
def migrate(
    database_url: DatabaseUrl = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be applied, change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the schema up to this program's version. Safe to run again, and while others run it.

    Example: redwhistle db migrate --database-url postgresql://rw@db/redwhistle
    """
    url = Settings.read(database_url=database_url).database
    names = migrations.migrate(url, dry_run=dry_run)
    if as_json:
        typer.echo(json.dumps({"applied" if not dry_run else "would_apply": names}))
    elif not names:
        typer.echo("The schema is up to date.")
    else:
        typer.echo(f"{'Would apply' if dry_run else 'Applied'}: {', '.join(names)}")


@app.command()
def status(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Say which migrations are applied, which are missing, and what kind of database this is. Exit 1 unless current."""
    found = migrations.read_status(Settings.read(database_url=database_url).database)
    if as_json:
        facts = {
            "edition": found.edition,
            "applied": found.applied,
            "missing": found.missing,
            "problems": found.problems,
            "current": found.current,
        }
        typer.echo(json.dumps(facts))
    else:
        typer.echo(f"edition: {found.edition or 'not migrated yet'}")
        typer.echo(f"applied: {', '.join(found.applied) or 'nothing'}")
        if found.missing:
            typer.echo(f"missing: {', '.join(found.missing)}. Run `redwhistle db migrate`.")
        for problem in found.problems:
            typer.echo(f"problem: {problem}")
    if not found.current:
        raise typer.Exit(1)


@app.command()
def check(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Look for what should not be: lost or doubled items, alerts without work items, rollups behind. Exit 1 if found."""
    url = Settings.read(database_url=database_url).database
    migrations.require_current(url)
    findings = check_database(url)
    if as_json:
        typer.echo(
            json.dumps(
                {"findings": [{"code": f.code, "detail": f.detail, "count": f.count} for f in findings]}
            )
        )
    else:
        for finding in findings:
            typer.echo(f"{finding.code}: {finding.detail} ({finding.count})")
        if not findings:
            typer.echo(
                "Nothing found: every item is stored once, every alert has its work item, rollups are up to date."
            )
    if findings:
        raise typer.Exit(1)
