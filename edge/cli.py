"""`redwhistle-edge`: run a box, check its configuration, look into its outbox."""

import threading
from typing import TYPE_CHECKING, Annotated

import typer

from edge.agent.notifying import Notifier
from edge.commands import camera, decode, models, outbox, simulate
from edge.options import EXIT_CONFIGURATION, EXIT_PROBLEM, AsJson, Config, fail, load, print_json
from edge.settings import LoadedSettings, load_settings
from redwhistle import __version__
from redwhistle.errors import RedWhistleError
from redwhistle.logs import configure_logs, get_logger
from redwhistle.stopping import stop_on_signals

if TYPE_CHECKING:
    from edge.wiring import Box

app = typer.Typer(
    name="redwhistle-edge",
    help="红哨边缘盒 · The RedWhistle box: reads sensors, keeps what they say, sends it to the server.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (outbox, decode, camera, models, simulate):
    group.attach(app)


def main() -> None:
    """The command's entry point."""
    app()


@app.command(epilog="Example: redwhistle-edge run --config /etc/redwhistle/box.yaml")
def run(
    config: Config,
    check: Annotated[
        bool,
        typer.Option("--check", help="Check configuration, sources and broker; do not start. Exit 0 or 1."),
    ] = False,
) -> None:
    """Run the box until SIGTERM or Ctrl-C; it then stops within 5 seconds and loses nothing."""
    loaded = load(config)
    if check:
        _check(loaded)
        return
    from edge.wiring import Box  # here: the other commands need not wait for all sources to be imported

    settings = loaded.settings
    configure_logs(settings.log.format, settings.log.level)
    log = get_logger(site=settings.site, box=settings.box)
    with stop_on_signals(lambda name: log.info("signal_received", signal=name)) as stop:
        try:
            box = Box(loaded)
        except RedWhistleError as error:
            log.error("box_cannot_start", why=str(error))
            raise typer.Exit(EXIT_PROBLEM) from None
        box.start()
        _watch(box, stop)
        box.stop()


@app.command("doctor", epilog="Example: redwhistle-edge doctor --config /etc/redwhistle/box.yaml --json")
def doctor(config: Config, as_json: AsJson = False) -> None:
    """Is this box well? Clock, temperature, disk, writes, secrets, certificates, devices. Exit 1 when something is bad.

    It drives nothing and may run beside the agent.
    """
    from edge.doctor import Level, examine

    checks = examine(load(config), config)
    bad = any(check.level is Level.BAD for check in checks)
    if as_json:
        told = [{"name": each.name, "level": each.level.value, "text": each.text} for each in checks]
        print_json({"ok": not bad, "checks": told})
    else:
        for check in checks:
            typer.echo(f"{check.level.value.upper():5}{check.name}: {check.text}")
    if bad:
        raise typer.Exit(EXIT_PROBLEM)


@app.command("check-config", epilog="Example: redwhistle-edge check-config --config box.yaml --json")
def check_config(config: Config, as_json: AsJson = False) -> None:
    """Check a configuration file alone: no network, no device. Exit 0 when it can be used, 2 otherwise."""
    try:
        settings = load_settings(config).settings
    except RedWhistleError as error:
        fail(error, EXIT_CONFIGURATION, as_json=as_json)
    found = {
        "ok": True,
        "site": settings.site,
        "box": settings.box,
        "devices": len(settings.devices),
        "sources": [source.name for source in settings.sources],
    }
    if as_json:
        print_json(found)
    else:
        names = ", ".join(source.name for source in settings.sources) or "none"
        typer.echo(
            f"OK: box {settings.box} at {settings.site}, {len(settings.devices)} devices, sources: {names}"
        )


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def _watch(box: "Box", stop: threading.Event) -> None:
    """Until `stop`: tell systemd that the box has started, and that it works for as long as it does."""
    notifier = Notifier()
    notifier.ready()
    every_s = notifier.watchdog_every_s
    rounds = -1
    while not stop.wait(every_s):
        now = box.rounds()
        if now != rounds:  # a pulse that stands still is a box that hangs: systemd ends it and starts it anew
            notifier.alive()
        rounds = now
    notifier.stopping()


def _check(loaded: LoadedSettings) -> None:
    from edge.wiring import check_box

    problems = check_box(loaded)
    for problem in problems:
        typer.echo(f"PROBLEM: {problem}", err=True)
    if problems:
        raise typer.Exit(EXIT_PROBLEM)
    typer.echo("OK: the configuration is valid, the sources can be made, the broker answers")
