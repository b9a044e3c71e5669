"""The server's commands, hung under `redwhistle` through the entry point of the group `redwhistle.commands`."""

import typer

from server import (
    cli_alert,
    cli_box,
    cli_db,
    cli_demo,
    cli_places,
    cli_queue,
    cli_rules,
    cli_serve,
    cli_silence,
)
from server.settings import Settings
from server.store.places import open_place_store


def attach(app: typer.Typer) -> None:
    """Hang everything under the root command."""
    cli_serve.attach(app)
    cli_db.attach(app)
    cli_places.attach(app, lambda: open_place_store(Settings.read().database))
    cli_rules.attach(app)
    cli_demo.attach(app)
    for group in (cli_queue, cli_alert, cli_silence, cli_box):
        group.attach(app)
