"""`redwhistle rules …`: check, list, explain and try out rule packs. Files only; no server is needed."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from redwhistle.contracts.events import EventKind, lane_of
from redwhistle.contracts.ids import Lane
from redwhistle.errors import ConfigurationError, RedWhistleError
from server.alerts import engine, rules
from server.alerts.engine import records
from server.alerts.model import Item, WakeItem
from server.alerts.rules.words import GRADES

rules_app = typer.Typer(
    help="Rule packs: check, list, explain, try out. 规则包：检查、列出、解释、试跑。", no_args_is_help=True
)

PackFile = Annotated[Path | None, typer.Argument(help="A rule pack (YAML).", show_default=False)]
Default = Annotated[bool, typer.Option("--default", help="The pack that comes with the program.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")]


def attach(app: typer.Typer) -> None:
    """Add `rules` to the root command."""
    app.add_typer(rules_app, name="rules")


@rules_app.command("check")
def check(file: PackFile = None, default: Default = False, as_json: AsJson = False) -> None:
    """Check a rule pack: every problem with its line and rule.

    Examples: `redwhistle rules check my-rules.yaml`, `redwhistle rules check --default --json`
    """
    with _Reporting(as_json):
        pack = _pack(file, default)
        notices = _notices(pack)
        if as_json:
            _print_json(
                {
                    "ok": True,
                    "name": pack.name,
                    "hash": pack.hash,
                    "rules": len(pack.rules),
                    "notices": notices,
                }
            )
            return
        for notice in notices:
            typer.echo(f"note: {notice}")
        typer.echo(f"ok: {pack.name}, {len(pack.rules)} rules, hash {pack.hash[:12]}")


@rules_app.command("list")
def list_rules(file: PackFile = None, as_json: AsJson = False) -> None:
    """List the rules of a pack (of the default pack when no file is named).

    Example: `redwhistle rules list my-rules.yaml --json`
    """
    with _Reporting(as_json):
        pack = _pack(file, file is None)
        specs = pack.spec.rules
        if as_json:
            _print_json({"name": pack.name, "hash": pack.hash, "rules": [_brief(spec) for spec in specs]})
            return
        width = max(len(spec.id) for spec in specs)
        for spec in specs:
            typer.echo(
                f"{GRADES[spec.severity]}  {spec.id:<{width}}  {spec.type:<9}  {spec.hazard:<9}  "
                f"{spec.title.zh} / {spec.title.en}"
            )


@rules_app.command("schema")
def schema() -> None:
    """Print the JSON schema of rule packs, for editors.

    Example: `redwhistle rules schema > rules.schema.json`
    """
    typer.echo(json.dumps(rules.json_schema(), indent=2, ensure_ascii=False))


@rules_app.command("explain")
def explain(
    rule_id: Annotated[str, typer.Argument(help="The rule's id; `rules list` shows them.")],
    file: Annotated[
        Path | None, typer.Option("--file", help="The pack; without it the default pack.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say in plain words when a rule raises an alert.

    Example: `redwhistle rules explain fire-confirmed`
    """
    with _Reporting(as_json):
        pack = _pack(file, file is None)
        spec = next((spec for spec in pack.spec.rules if spec.id == rule_id), None)
        if spec is None:
            raise ConfigurationError(
                f"there is no rule {rule_id!r} in {pack.name}; `redwhistle rules list` shows them"
            )
        zh, en = rules.explain(spec)
        if as_json:
            limits = spec.model_dump(mode="json", exclude_none=True)
            _print_json({"id": spec.id, "zh": zh, "en": en, "rule": limits, "pack": pack.hash})
            return
        typer.echo(f"{spec.title.zh} / {spec.title.en}\n\n{zh}\n\n{en}")


@rules_app.command("try")
def try_out(
    file: PackFile = None,
    log: Annotated[
        Path | None, typer.Option("--log", help="Items, one JSON object a line; '-' reads standard input.")
    ] = None,
    site: Annotated[
        str | None, typer.Option(help="The site that the log is of; else that of its first device.")
    ] = None,
    settle_s: Annotated[
        float,
        typer.Option(
            min=0, max=604_800, help="Seconds that pass after the last line: what is pending comes due."
        ),
    ] = 0.0,
    default: Default = False,
    as_json: AsJson = False,
) -> None:
    """Dry-run a pack over a log of items and print what it would decide: for back-tests of changed rules.

    The log's lines are described in docs/rules.md. Nothing is stored and nobody is told.

    Example: `redwhistle rules try my-rules.yaml --log items.jsonl --json`
    """
    with _Reporting(as_json):
        if log is None:
            raise ConfigurationError("name the log of items: --log items.jsonl")
        pack = _pack(file, default)
        tally = _run(pack, log, site, settle_s, as_json)
        if not as_json:
            parts = ", ".join(f"{count} {name}" for name, count in sorted(tally.items()))
            typer.echo(f"{parts} (pack {pack.hash[:12]})")


def _run(pack: rules.Pack, log: Path, site: str | None, settle_s: float, as_json: bool) -> Counter[str]:
    """Step through the log as the server would.

    Wake-ups that fall between two items are made in their time, unless the log has wake-ups of its own.
    """
    tally: Counter[str] = Counter({"items": 0, "raise": 0})

    def step(before: engine.SiteState, item: Item, now_ms: int) -> engine.SiteState:
        after, decisions = engine.decide(pack, before, item, now_ms)
        for decision in decisions:
            tally[records.name_of(decision)] += 1
            typer.echo(records.write_decision(decision) if as_json else records.sentence(decision))
        return after

    lines = _lines(log)
    own_wakes = any('"wake"' in line and isinstance(_entry(log, n, line).item, WakeItem) for n, line in lines)
    state: engine.SiteState | None = None
    last_ms = 0
    for number, line in lines:
        entry = _entry(log, number, line)
        if state is None:
            subject = getattr(entry.item, "subject", None)
            state = engine.new_state(site or (subject.site if subject else "try"))
        if not own_wakes:
            state = records.pass_time(state, entry.now_ms - 1, step)
        state = step(state, entry.item, entry.now_ms)
        last_ms = max(last_ms, entry.now_ms)
        tally["items"] += 1
    if state is not None:
        records.pass_time(state, last_ms + round(settle_s * 1000), step)
    return tally


def _entry(log: Path, number: int, line: str) -> records.Entry:
    try:
        return records.read_item(line)
    except RedWhistleError as error:
        raise ConfigurationError(f"{log}, line {number}: {error}") from error


def _lines(log: Path) -> list[tuple[int, str]]:
    """The lines that are not empty, each with its number."""
    try:
        text = sys.stdin.read() if str(log) == "-" else log.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{log} cannot be read: {error}; give a UTF-8 file of JSON lines") from error
    return [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]


def _pack(file: Path | None, default: bool) -> rules.Pack:
    if default and file is None:
        return rules.default_pack()
    if file is None or default:
        raise ConfigurationError("name one rule pack: a file, or --default")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}; give a UTF-8 YAML file") from error
    return rules.load_pack(text, name=file.stem)


def _notices(pack: rules.Pack) -> list[str]:
    """What is allowed and may still surprise."""
    bare = [kind for kind in EventKind if lane_of(kind) is Lane.ALARM and kind not in pack.by_kind]
    notices = [
        f"no rule begins with {kind}: each such event raises a plain alert (emergency, Ⅱ)" for kind in bare
    ]
    if pack.box_rule is None:
        notices.append("no rule of type box: a lost box raises nothing")
    if not pack.absences:
        notices.append("no rule of type absence: a silent device raises nothing")
    return notices


def _brief(spec: Any) -> dict[str, Any]:
    return {
        "id": spec.id,
        "type": spec.type,
        "hazard": str(spec.hazard),
        "severity": int(spec.severity),
        "title": {"zh": spec.title.zh, "en": spec.title.en},
    }


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, sort_keys=True))


class _Reporting:
    """Errors of ours as text on standard error, or as one JSON object; exit code 1."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, RedWhistleError):
            return
        problems = getattr(error, "problems", [str(error)])
        if self._as_json:
            _print_json({"ok": False, "problems": problems})
        else:
            for problem in problems:
                typer.echo(f"error: {problem}", err=True)
        raise typer.Exit(1) from error
