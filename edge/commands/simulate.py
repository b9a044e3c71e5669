"""`redwhistle-edge simulate …`: speaks a device's real protocol toward the running box."""

import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.options import EXIT_CONFIGURATION, EXIT_PROBLEM, Config, fail, load, print_json
from edge.settings import LoadedSettings
from redwhistle.clock import SystemClock, to_ms
from redwhistle.errors import ConfigurationError, RedWhistleError
from redwhistle.stopping import stop_on_signals

if TYPE_CHECKING:
    from edge.simulate.desk import Desk
    from edge.simulate.running import Done
    from edge.simulate.stage import Stage, Ways
    from edge.simulate.wishes import Options, Wish

LIST, SERVE = "list", "serve"
_CLOCK = SystemClock()
_REAL = (
    "这不是演练：将产生真实报警，并驱动本机警号。先通知值守人员，再加 --yes；或用 --test（设备自带测试标记）。\n"
    "This is no drill: the box and the server take it for real, and sirens sound. Tell the people who answer first, then "
    "add --yes; or use --test, the device's own test mark; or --dry-run, which sends nothing."
)


def attach(root: typer.Typer) -> None:
    """Add `simulate` to the root command."""
    root.command(
        "simulate", epilog="Example: redwhistle-edge simulate --config box.yaml smoke-7-2-4 alarm --test"
    )(simulate)


def simulate(
    config: Config,
    device: Annotated[
        str | None,
        typer.Argument(help="A device of the configuration; or `list`, or `serve`.", show_default=False),
    ] = None,
    act: Annotated[
        str | None, typer.Argument(help="What it says: `list` shows what each can.", show_default=False)
    ] = None,
    test: Annotated[bool, typer.Option("--test", help="With the device's own test mark.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="I know that this is taken for real.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print topics and bytes; send nothing.")] = False,
    every: Annotated[
        bool, typer.Option("--all", help="One device of each section, one after another.")
    ] = False,
    pause: Annotated[float, typer.Option("--pause", min=0, max=3600, help="Seconds between two acts.")] = 2.0,
    repeat: Annotated[int, typer.Option("--repeat", min=1, max=10_000, help="So many times.")] = 1,
    hold: Annotated[
        float,
        typer.Option(
            "--hold", min=0.5, max=3600, help="Seconds that a Modbus unit or a contact stays as it was made."
        ),
    ] = 5.0,
    script: Annotated[
        Path | None,
        typer.Option(
            "--script", allow_dash=True, help="Acts line by line, JSON or words; - for standard input."
        ),
    ] = None,
    direction: Annotated[str | None, typer.Option("--direction", help="in or out.")] = None,
    card: Annotated[str | None, typer.Option("--card", help="A made-up card number.")] = None,
    people: Annotated[int | None, typer.Option("--people", help="How many went through.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="A word, for instance expired.")] = None,
    value: Annotated[float | None, typer.Option("--value", help="What is measured.")] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="Which metric --value is of.")] = None,
    zone: Annotated[int | None, typer.Option("--zone", help="Of a fire panel's component.")] = None,
    no: Annotated[int | None, typer.Option("--no", help="Its number in the zone.")] = None,
    component: Annotated[
        int | None, typer.Option("--component", help="Its type: 40 smoke, 30 heat, 23 call point.")
    ] = None,
    gesture: Annotated[str | None, typer.Option("--gesture", help="single, double or hold.")] = None,
    contact: Annotated[str | None, typer.Option("--input", help="Which contact, by what it says.")] = None,
    bits: Annotated[int | None, typer.Option("--bits", help="Of a card: 26, 34 or 37.")] = None,
    reader: Annotated[int | None, typer.Option("--reader", help="Which reader of a door, from 0.")] = None,
    line: Annotated[
        list[str] | None,
        typer.Option(
            "--line", metavar="SOURCE=PATH", help="This end of a serial line of the box. Repeatable."
        ),
    ] = None,
    wire: Annotated[
        list[str] | None,
        typer.Option(
            "--wire", metavar="LINE=LINE", help="The box's GPIO line = the output wired to it. Repeatable."
        ),
    ] = None,
    chip: Annotated[str | None, typer.Option("--chip", help="The GPIO chip of those outputs.")] = None,
    username: Annotated[str | None, typer.Option("--username", help="At the local broker.")] = None,
    password_file: Annotated[Path | None, typer.Option("--password-file", help="Its first line.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an act, for scripts.")] = False,
) -> None:
    """Let a device of this box say something, in its real protocol: for walk tests, demonstrations, drills.

    `list` shows what each device can; `serve` plays Modbus units and fire transmitters until Ctrl-C and takes acts as lines.

    It raises REAL alarms: it needs --yes, or --test where the protocol has a test mark. Cameras: give a video file as url.
    """
    from edge.simulate.desk import Desk
    from edge.simulate.stage import Ways, make_log_in, read_pairs
    from edge.simulate.wishes import make_options

    loaded = load(config)
    desk = Desk(loaded.settings)
    try:
        _check_words(device, act, every=every, script=script, dry_run=dry_run)
        if device == LIST:
            _list(desk, as_json)
            return
        wishes: list[Wish] = []
        if every:
            wishes = list(desk.tour(test=test))
        elif device is not None and act is not None:
            options = make_options(
                direction=direction, card=card, people=people, reason=reason, value=value, metric=metric, zone=zone,
                no=no, component=component, gesture=gesture, input=contact, bits=bits, reader=reader,
            )  # fmt: skip
            wishes = [_wish(device, act, test, options)]
        wishes = wishes * repeat
        for wish in wishes:
            desk.plan(wish, 0)
        if dry_run and wishes:
            _show(desk, wishes, as_json)
            return
        if not yes and (not test or not wishes):
            raise ConfigurationError(_REAL)
        ways = Ways(
            make_log_in(username, password_file),
            read_pairs(line or [], "--line"),
            {_number(a): _number(b) for a, b in read_pairs(wire or [], "--wire").items()},
            chip,
        )
    except RedWhistleError as error:
        fail(error, EXIT_CONFIGURATION, as_json=as_json)
    with _stage(loaded, ways) as stage, stop_on_signals() as stop:
        if device == SERVE or script is not None:
            well = _run_lines(desk, stage, script, stop, serve=device == SERVE, as_json=as_json)
        else:
            well = _run(desk, stage, wishes, stop, pause_s=pause, hold_s=hold, as_json=as_json)
    if not well:
        raise typer.Exit(EXIT_PROBLEM)


def _check_words(
    device: str | None, act: str | None, *, every: bool, script: Path | None, dry_run: bool
) -> None:
    """Raises ConfigurationError for words that do not fit together."""
    if every or script is not None:
        if act is not None or device not in {None, SERVE} or (every and (script or device)):
            raise ConfigurationError("give a device and an act, or --all, or --script: one of them")
    elif device is None or (device not in {LIST, SERVE} and act is None):
        raise ConfigurationError("give a device and an act, as `redwhistle-edge simulate list` shows them")
    elif device in {LIST, SERVE} and act is not None:
        raise ConfigurationError(f"{device} takes no act")
    if dry_run and (script is not None or device == SERVE):
        raise ConfigurationError("--dry-run shows one act, or --all")


def _wish(device: str, act: str, test: bool, options: "Options") -> "Wish":
    from edge.simulate.wishes import Wish

    try:
        return Wish(device=device, act=act, test=test, options=options)
    except ValueError:
        raise ConfigurationError(
            f"{device[:64]!r} {act[:40]!r}: write a device and an act as `redwhistle-edge simulate list` shows them"
        ) from None


def _list(desk: "Desk", as_json: bool) -> None:
    roster = desk.roster()
    if as_json:
        devices = [
            {
                "device": each.device,
                "family": each.family,
                "source": each.source,
                "label": each.label,
                "acts": [
                    {"act": act.name, "says": act.says, "takes": sorted(act.takes), "test": act.test}
                    for act in each.acts
                ],
            }
            for each in roster
        ]
        print_json({"devices": devices, "not_simulated": desk.not_simulated})
        return
    for each in roster:
        typer.echo(f"{each.device}  ({each.family}, {each.label})")
        for act in each.acts:
            takes = " ".join(f"--{name}" for name in sorted(act.takes))
            mark = "--test " if act.test else ""
            typer.echo(f"    {act.name:<12}  {act.says}  {mark}{takes}".rstrip())
    for source, why in desk.not_simulated.items():
        typer.echo(f"{source}: {why}")


def _show(desk: "Desk", wishes: "Sequence[Wish]", as_json: bool) -> None:
    for wish in wishes:
        shown = [step.shown() for step in desk.plan(wish, to_ms(_CLOCK.now()))]
        if as_json:
            print_json({"device": wish.device, "act": wish.act, "test": wish.test, "steps": shown})
        else:
            typer.echo("\n".join([f"# {wish.device} {wish.act}", *shown]))


def _stage(loaded: LoadedSettings, ways: "Ways") -> "Stage":
    from edge.agent.gpio.chip import LibgpiodChips
    from edge.simulate.stage import Stage

    return Stage(loaded.settings, ways, LibgpiodChips(), _now)


def _run(
    desk: "Desk",
    stage: "Stage",
    wishes: "Sequence[Wish]",
    stop: threading.Event,
    *,
    pause_s: float,
    hold_s: float,
    as_json: bool,
) -> bool:
    from edge.simulate.running import hold, perform

    well = True
    for number, wish in enumerate(wishes):
        if number and stop.wait(pause_s):
            return False
        done = perform(desk, stage, wish, _now)
        well = well and done.problem is None
        _tell(done, as_json)
    hold(stage, hold_s, stop)
    return well


def _run_lines(
    desk: "Desk",
    stage: "Stage",
    script: Path | None,
    stop: threading.Event,
    *,
    serve: bool,
    as_json: bool,
) -> bool:
    from edge.simulate.input_lines import InputLines
    from edge.simulate.running import run_lines
    from edge.simulate.wishes import MAX_LINE_BYTES

    def say(text: str) -> None:
        typer.echo(text, err=True)

    if serve:
        for problem in stage.serve():
            say(problem)
        say("serving; acts as lines, for instance: DEVICE ACT; Ctrl-C ends it")
    tell = partial(_tell, as_json=as_json)
    try:
        with ExitStack() as opened:
            fd = sys.stdin.fileno()
            if script is not None and str(script) != "-":
                fd = opened.enter_context(script.open("rb")).fileno()
            lines = InputLines(fd, MAX_LINE_BYTES)
            return run_lines(desk, stage, lines, _now, tell, say, stop, serve=serve)
    except OSError as error:
        fail(ConfigurationError(f"the script cannot be read: {error}"), EXIT_CONFIGURATION, as_json=as_json)


def _tell(done: "Done", as_json: bool) -> None:
    if as_json:
        print_json(done.to_json())
    else:
        typer.echo(done.to_text(), err=done.problem is not None)


def _now() -> tuple[int, int]:
    return to_ms(_CLOCK.now()), _CLOCK.monotonic_ms()


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise ConfigurationError(f"--wire: {text[:40]!r} is no line number")
    return int(text)
