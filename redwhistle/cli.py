"""The command `redwhistle`: what every machine can do, and what the installed extras add.

An extra adds its commands through an entry point of the group `redwhistle.commands`, named as the extra:
a callable `attach(app)`. Where the extra's libraries are missing, the help says which extra to install.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any

import typer

from redwhistle import __version__, cli_places, cli_schema
from redwhistle.errors import PlacesError, RedWhistleError, RulesError

GROUP = "redwhistle.commands"

HELP = """RedWhistle 红哨: sensors in residential compounds blow the whistle, grid workers report in.

It adds to fire panels and emergency numbers; it does not replace them.

\b
Examples:
  redwhistle places check docker/sample/city.geojson
  redwhistle places tree docker/sample/city.geojson --at jinyuan
  redwhistle schema envelope
"""


@dataclass(frozen=True, slots=True)
class Missing:
    """An extra whose commands cannot be had here, and the reason."""

    extra: str
    reason: str

    def __str__(self) -> str:
        return f"The commands of '{self.extra}' are not here ({self.reason}): pip install 'redwhistle[{self.extra}]'"


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 the work failed, 2 the command was not understood."""
    sys.exit(run(sys.argv[1:] if argv is None else list(argv)))


def run(argv: list[str], points: Iterable[EntryPoint] | None = None) -> int:
    """Run the command line; return the exit code. `points` are the entry points, of this installation by default."""
    as_json = "--json" in argv
    app, missing = build_app(entry_points(group=GROUP) if points is None else points)
    try:
        result = app(argv, prog_name="redwhistle", standalone_mode=False)
    except RedWhistleError as fault:
        _print_error(fault, as_json)
        return 1
    except _USAGE_ERROR as fault:
        return _print_usage(fault, missing, as_json)
    except (typer.Abort, KeyboardInterrupt):
        print("stopped", file=sys.stderr)  # noqa: T201
        return 130
    return result if isinstance(result, int) else 0


def build_app(points: Iterable[EntryPoint]) -> tuple[typer.Typer, list[Missing]]:
    """The root command with all sub-commands that load here, and the extras that do not."""
    app = typer.Typer(
        no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
    )
    missing = _attach_extras(app, points)
    app.callback(help=HELP, epilog="  ".join(map(str, missing)) or None)(_root)
    if not any(group.name == cli_places.NAME for group in app.registered_groups):
        app.add_typer(cli_places.make_app(), name=cli_places.NAME)
    cli_schema.attach(app)
    return app, missing


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"redwhistle {__version__}")
        raise typer.Exit


def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and leave.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Nothing to do before a sub-command."""


def _attach_extras(app: typer.Typer, points: Iterable[EntryPoint]) -> list[Missing]:
    missing: list[Missing] = []
    for point in sorted(points, key=lambda point: point.name):
        try:
            attach = point.load()
        except ImportError as fault:
            missing.append(Missing(point.name, _reason(fault)))
        else:
            attach(app)
    return missing


def _reason(fault: ImportError) -> str:
    if isinstance(fault, ModuleNotFoundError) and fault.name:
        return f"no module {fault.name}"
    return " ".join(str(fault).split())[:200]


def _print_error(fault: RedWhistleError, as_json: bool) -> None:
    problems = fault.problems if isinstance(fault, PlacesError | RulesError) else []
    if as_json:
        shown: dict[str, Any] = {"type": type(fault).__name__, "text": str(fault)}
        _print_json(shown | ({"problems": problems} if problems else {}))
        return
    for text in problems or [str(fault)]:
        print(f"error: {text}", file=sys.stderr)  # noqa: T201


def _print_usage(fault: Exception, missing: list[Missing], as_json: bool) -> int:
    text = fault.format_message() if hasattr(fault, "format_message") else str(fault)
    if type(fault).__name__ == "NoArgsIsHelpError":
        print(text)  # noqa: T201
        return 2
    if "No such command" in text:
        text = " ".join([text, *map(str, missing)])
    if as_json:
        _print_json({"type": "UsageError", "text": text})
    else:
        context = getattr(fault, "ctx", None)
        command = context.command_path if context else "redwhistle"
        print(f"error: {text}\nTry: {command} --help", file=sys.stderr)  # noqa: T201
    return 2


def _print_json(shown: dict[str, Any]) -> None:
    print(json.dumps({"error": shown}, ensure_ascii=False), file=sys.stderr)  # noqa: T201


def _click_root() -> type[Exception]:
    """The root of typer's errors: newer releases carry their own copy of click, older ones use click's own."""
    for kind in typer.BadParameter.__mro__:
        if kind.__name__ == "ClickException" and issubclass(kind, Exception):
            return kind
    raise ImportError("this release of typer has no ClickException: install one from 0.16 on, before 1")


_USAGE_ERROR = _click_root()
