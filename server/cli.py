"""The server's commands, hung under `redwhistle` through the entry point of the group `redwhistle.commands`."""

import typer

from server.commands import (
    alert,
    box,
    db,
    demo,
    doctor,
    evidence,
    openapi,
    places,
    queue,
    role,
    rules,
    serve,
    session,
    silence,
    token,
    user,
    words,
)
from server.settings import Settings
from server.store.places import open_place_store


def attach(app: typer.Typer) -> None:
    """Hang everything under the root command."""
    serve.attach(app)
    db.attach(app)
    places.attach(app, lambda: open_place_store(Settings.read().database))
    rules.attach(app)
    demo.attach(app)
    doctor.attach(app)
    openapi.attach(app)
    for group in (queue, alert, evidence, silence, box, user, role, token, session, words):
        group.attach(app)
