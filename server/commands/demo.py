"""`redwhistle demo`: the whole system on this machine, from real input to a worker's queue."""

from pathlib import Path
from typing import Annotated

import typer

from server.words import Lang


def attach(root: typer.Typer) -> None:
    """Hang the command under the root command."""
    root.command()(demo)


def demo(
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Unattended: wait until every kind of input is a work item, then exit 0 or 1."
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="JSON on standard output: with --check one object at the end, else one for each change.",
        ),
    ] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            metavar="DIR",
            help="A folder of the demo's own, emptied at each start [default: demo-data/run in the checkout]",
            show_default=False,
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.05, max=1440, help="Stop by itself after so long.", show_default=False),
    ] = None,
    lang: Annotated[
        Lang | None, typer.Option("--lang", help="zh or en [default: both]", show_default=False)
    ] = None,
) -> None:
    """Show the whole system on this machine: server, two boxes, real messages, a real clip. Stops on Ctrl-C.

    Database and broker come from wheels (the extra `demo`). Everything listens on 127.0.0.1 only, and nothing is
    left behind. It adds to fire panels and emergency numbers; it does not replace them.

    Example: redwhistle demo

    Example: redwhistle demo --check --json

    Example: redwhistle demo --lang en --minutes 5
    """
    from server.demo.director import DEFAULT_FOLDER, Wishes, run_demo
    from server.demo.screen import Screen

    wishes = Wishes(folder=data_dir or DEFAULT_FOLDER, check=check, minutes=minutes)
    code = run_demo(wishes, Screen(lang, as_json=as_json, each=not check))
    if code:
        raise typer.Exit(code)
