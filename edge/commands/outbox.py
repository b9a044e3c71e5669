"""`redwhistle-edge outbox …`: what waits on this box for the server."""

from dataclasses import asdict
from datetime import timedelta

import typer

from edge.options import EXIT_PROBLEM, AsJson, Config, fail, load, print_json
from redwhistle.clock import SystemClock, from_ms
from redwhistle.errors import RedWhistleError

app = typer.Typer(help="What waits on this box for the server.", no_args_is_help=True)


def attach(root: typer.Typer) -> None:
    """Add `outbox` to the root command."""
    root.add_typer(app, name="outbox")


@app.command("show", epilog="Example: redwhistle-edge outbox show --config box.yaml --json")
def show_outbox(config: Config, as_json: AsJson = False) -> None:
    """What waits for the server, what was dropped, what the server refused. The box may run meanwhile."""
    from edge.agent.outbox.report import read_report
    from edge.wiring import OUTBOX_FILE

    loaded = load(config)
    try:
        report = read_report(loaded.settings.data_dir / OUTBOX_FILE)
    except RedWhistleError as error:
        fail(error, EXIT_PROBLEM)
    if as_json:
        print_json(asdict(report))
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


@app.command("export", epilog="Example: redwhistle-edge outbox export --config box.yaml > waiting.jsonl")
def export_outbox(config: Config) -> None:
    """Print what waits for the server, one envelope (JSON) a line, alarms first. Nothing is changed or taken out."""
    from edge.agent.outbox.export import read_envelopes
    from edge.fittings import build_clock
    from edge.wiring import OUTBOX_FILE
    from redwhistle.contracts.codec import encode

    settings = load(config).settings
    path = settings.data_dir / OUTBOX_FILE
    try:
        for envelope in read_envelopes(path, settings.site, settings.box, build_clock(settings).stamp()):
            typer.echo(encode(envelope).decode())
    except RedWhistleError as error:
        fail(error, EXIT_PROBLEM)
