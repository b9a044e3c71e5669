"""`redwhistle-edge`: run a box, check its configuration, look into its outbox."""

import json
import sys
import threading
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Never

import typer

from edge.agent.notifying import Notifier
from edge.settings import LoadedSettings, load_settings
from redwhistle import __version__
from redwhistle.clock import SystemClock, from_ms
from redwhistle.errors import ConfigurationError, RedWhistleError
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
outbox_app = typer.Typer(help="What waits on this box for the server.", no_args_is_help=True)
app.add_typer(outbox_app, name="outbox")
decode_app = typer.Typer(help="What bytes from a device say.", no_args_is_help=True)
app.add_typer(decode_app, name="decode")

Config = Annotated[Path, typer.Option("--config", "-c", help="The box's YAML file.", dir_okay=False)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")]

MAX_DUMP_BYTES = 1024 * 1024
EXIT_PROBLEM = 1
EXIT_CONFIGURATION = 2


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
    loaded = _load(config)
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

    checks = examine(_load(config), config)
    bad = any(check.level is Level.BAD for check in checks)
    if as_json:
        told = [{"name": each.name, "level": each.level.value, "text": each.text} for each in checks]
        typer.echo(json.dumps({"ok": not bad, "checks": told}, ensure_ascii=False))
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
        if as_json:
            typer.echo(json.dumps({"ok": False, "problems": str(error).splitlines()}, ensure_ascii=False))
            raise typer.Exit(EXIT_CONFIGURATION) from None
        _fail(error, EXIT_CONFIGURATION)
    found = {
        "ok": True,
        "site": settings.site,
        "box": settings.box,
        "devices": len(settings.devices),
        "sources": [source.name for source in settings.sources],
    }
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        names = ", ".join(source.name for source in settings.sources) or "none"
        typer.echo(
            f"OK: box {settings.box} at {settings.site}, {len(settings.devices)} devices, sources: {names}"
        )


@outbox_app.command("show", epilog="Example: redwhistle-edge outbox show --config box.yaml --json")
def show_outbox(config: Config, as_json: AsJson = False) -> None:
    """What waits for the server, what was dropped, what the server refused. The box may run meanwhile."""
    from edge.agent.outbox.report import read_report
    from edge.wiring import OUTBOX_FILE

    loaded = _load(config)
    try:
        report = read_report(loaded.settings.data_dir / OUTBOX_FILE)
    except RedWhistleError as error:
        _fail(error, EXIT_PROBLEM)
    if as_json:
        typer.echo(json.dumps(asdict(report), ensure_ascii=False))
        return
    typer.echo(
        f"epoch      {report.epoch}" + (f" (+ {report.older_epochs} older)" if report.older_epochs else "")
    )
    typer.echo(f"alarms     {report.alarms} waiting")
    typer.echo(f"telemetry  {report.readings} readings, {report.telemetry_events} events waiting")
    if report.oldest_at_ms is not None:
        age = SystemClock().now() - from_ms(report.oldest_at_ms)
        typer.echo(f"oldest     {timedelta(seconds=round(age.total_seconds()))} old")
    typer.echo(f"dropped    {report.dropped} in {report.gaps} gap records")
    typer.echo(f"file       {report.used_bytes / 1024 / 1024:.1f} MiB in use")
    typer.echo(f"refused    {report.rejected_count} by the server")
    for item in report.rejected:
        typer.echo(f"           {item.lane} {item.seq}: {item.code}: {item.detail}")


@outbox_app.command(
    "export", epilog="Example: redwhistle-edge outbox export --config box.yaml > waiting.jsonl"
)
def export_outbox(config: Config) -> None:
    """Print what waits for the server, one envelope (JSON) a line, alarms first. Nothing is changed or taken out."""
    from edge.agent.outbox.export import read_envelopes
    from edge.fittings import build_clock
    from edge.wiring import OUTBOX_FILE
    from redwhistle.contracts.codec import encode

    settings = _load(config).settings
    path = settings.data_dir / OUTBOX_FILE
    try:
        for envelope in read_envelopes(path, settings.site, settings.box, build_clock(settings).stamp()):
            typer.echo(encode(envelope).decode())
    except RedWhistleError as error:
        _fail(error, EXIT_PROBLEM)


@decode_app.command(
    "gbt26875", epilog="Example: redwhistle-edge decode gbt26875 --hex '40 40 01 00 …' --json"
)
def decode_gbt26875(
    text: Annotated[str | None, typer.Option("--hex", help="The frame in hex; blanks do not matter.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", help="A file with frames, in hex or as they are; - for standard input.", allow_dash=True
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a frame and line, for scripts.")
    ] = False,
) -> None:
    """Decode frames of fire panels (GB/T 26875.3); without --hex and --file from standard input. Exit 1 on a bad one."""
    from edge.agent.gbt26875.describe import describe_frame, frame_lines
    from edge.agent.gbt26875.dump import read_dump, split_frames

    if text is not None and file is not None:
        raise typer.BadParameter("give --hex or --file, not both")
    try:
        for number, frame in enumerate(split_frames(read_dump(_given_bytes(text, file)))):
            if as_json:
                typer.echo(json.dumps(describe_frame(frame), ensure_ascii=False))
            else:
                typer.echo("\n".join([""] * bool(number) + frame_lines(frame)))
    except RedWhistleError as error:
        if as_json:
            typer.echo(json.dumps({"ok": False, "problems": [str(error)]}, ensure_ascii=False))
            raise typer.Exit(EXIT_PROBLEM) from None
        _fail(error, EXIT_PROBLEM)


def _given_bytes(text: str | None, file: Path | None) -> bytes:
    if text is not None:
        return text.encode()
    try:
        if file is None or str(file) == "-":
            return sys.stdin.buffer.read(MAX_DUMP_BYTES + 1)
        with file.open("rb") as opened:
            return opened.read(MAX_DUMP_BYTES + 1)
    except OSError as error:
        _fail(ConfigurationError(f"the frames cannot be read: {error}"), EXIT_PROBLEM)


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


def _load(config: Path) -> LoadedSettings:
    try:
        return load_settings(config)
    except RedWhistleError as error:
        _fail(error, EXIT_CONFIGURATION)


def _check(loaded: LoadedSettings) -> None:
    from edge.wiring import check_box

    problems = check_box(loaded)
    for problem in problems:
        typer.echo(f"PROBLEM: {problem}", err=True)
    if problems:
        raise typer.Exit(EXIT_PROBLEM)
    typer.echo("OK: the configuration is valid, the sources can be made, the broker answers")


def _fail(error: RedWhistleError, code: int) -> Never:
    typer.echo(str(error), err=True)
    raise typer.Exit(code)
