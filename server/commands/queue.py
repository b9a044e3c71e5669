"""`redwhistle queue …`: list, watch, claim and close work items from the command line."""

import threading
from datetime import UTC, datetime
from typing import Annotated

import typer

from server import words
from server.alerts import acts, engine
from server.alerts.work_item import Act, Transition
from server.commands.item_lines import cells, detail_text, line, said, shown
from server.printing import (
    AsJson,
    DatabaseUrl,
    LangOption,
    clean,
    clock_time,
    pick_lang,
    print_json,
    print_table,
)
from server.rule_files import RuleShelf, load_rules
from server.settings import Settings
from server.store import packs, reading
from server.store.connection import connect
from server.store.feed import Wanted, follow
from server.store.unit_of_work import begin
from server.words import Lang

queue_app = typer.Typer(
    no_args_is_help=True,
    help="The queue of work items: list, watch, claim, close. 任务队列：查看、认领、处置。",
)

Number = Annotated[str, typer.Argument(metavar="N", help="The item's number (or id).")]
As = Annotated[str, typer.Option("--as", metavar="NAME", help="Your name; it goes into the history.")]
Grid = Annotated[
    str | None, typer.Option("--grid", help="The grid you answer for: items of others are refused.")
]
Version = Annotated[
    int | None, typer.Option("--version", help="Do it only if the item still has this version.")
]
Reason = Annotated[str, typer.Option("--reason", help="What was found and done.")]


def attach(app: typer.Typer) -> None:
    """Add `queue` to the root command."""
    app.add_typer(queue_app, name="queue")


@queue_app.command("list")
def list_items(
    grid: Annotated[str | None, typer.Option("--grid", help="Only this grid's items.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="PLACE", help="Only at this place and below.")
    ] = None,
    closed: Annotated[bool, typer.Option("--all", help="Closed items, too.")] = False,
    exercise: Annotated[str, typer.Option(help="Items of this exercise instead of real ones.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=reading.MAX_ROWS, help="At most this many.")] = 500,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List work items by urgency: severity first, then time to the deadline.

    Example: redwhistle queue list --grid jinsha-g3

    Example: redwhistle queue list --at panlong --all --json
    """
    with connect(Settings.read(database_url=database_url).database, name="cli") as connection:
        found = reading.list_items(
            connection, grid=grid, at=at, exercise=exercise, closed=closed, limit=limit
        )
    now = datetime.now(UTC)
    if as_json:
        print_json({"items": [shown(row, now) for row in found]})
        return
    spoken = pick_lang(lang)
    if not found:
        typer.echo("队列为空" if spoken is Lang.ZH else "The queue is empty.")
        return
    headers = (
        ("编号", "等级", "险情", "地点", "网格", "状态", "认领人", "剩余", "次数", "已过")
        if spoken is Lang.ZH
        else ("No.", "Grade", "Hazard", "Place", "Grid", "State", "Owner", "Time left", "Count", "Age")
    )
    print_table(headers, [cells(row, now, spoken) for row in found])


@queue_app.command()
def watch(
    grid: Annotated[str | None, typer.Option("--grid", help="Only this grid's items.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="PLACE", help="Only at this place and below.")
    ] = None,
    exercise: Annotated[str, typer.Option(help="Items of this exercise instead of real ones.")] = "",
    count: Annotated[int, typer.Option(min=0, help="Stop after so many lines; 0: never.")] = 0,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Print what stands in the queue, then a line for every change as it happens, until Ctrl-C.

    With --json each line is one JSON object. A lost connection is tried again, and nothing is missed.

    Example: redwhistle queue watch --grid jinsha-g3
    """
    spoken = pick_lang(lang)
    url = Settings.read(database_url=database_url).database
    stop = threading.Event()
    left = count
    try:
        for row in follow(url, Wanted(grid, at, exercise), stop, _tell_lost):
            now = datetime.now(UTC)
            if as_json:
                print_json(shown(row, now))
            else:
                typer.echo(line(row, now, spoken))
            left -= 1
            if left == 0:
                break
    except KeyboardInterrupt:
        stop.set()


@queue_app.command()
def show(
    number: Number, lang: LangOption = None, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Show one item and its whole history: who did what, when and why.

    Example: redwhistle queue show 7
    """
    with connect(Settings.read(database_url=database_url).database, name="cli") as connection:
        row = reading.read_item(connection, number)
    now = datetime.now(UTC)
    if as_json:
        print_json({**shown(row, now), "history": row["history"]})
        return
    spoken = pick_lang(lang)
    typer.echo(line(row, now, spoken))
    if row["alert_number"]:
        hint = "为何报警" if spoken is Lang.ZH else "why it fired"
        typer.echo(f"{hint}: redwhistle alert show {row['alert_number']} --why")
    for entry in row["history"]:
        act = words.word(words.ACTS, entry["act"], spoken)
        detail = detail_text(entry["data"])
        text = f"{clock_time(entry['at'])}  {entry['actor']}  {act} → {words.word(words.STATES, entry['to_state'], spoken)}"
        typer.echo(clean("  ".join(part for part in (text, entry["reason"], detail) if part)))


@queue_app.command()
def claim(
    number: Number,
    name: As,
    grid: Grid = None,
    version: Version = None,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Take an item on. The claim holds for 15 minutes and is renewed by whatever you do with the item.

    Example: redwhistle queue claim 7 --as 张伟 --grid jinsha-g3
    """
    _do(number, Act.CLAIM, name, "", grid, version, lang, database_url, as_json)


@queue_app.command()
def renew(
    number: Number,
    name: As,
    grid: Grid = None,
    version: Version = None,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Keep your claim for another 15 minutes.

    Example: redwhistle queue renew 7 --as 张伟
    """
    _do(number, Act.RENEW, name, "", grid, version, lang, database_url, as_json)


@queue_app.command()
def release(
    number: Number,
    name: As,
    reason: Reason = "",
    grid: Grid = None,
    version: Version = None,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Give an item back to the queue, for others to claim.

    Example: redwhistle queue release 7 --as 张伟 --reason "called to another fire"
    """
    _do(number, Act.RELEASE, name, reason, grid, version, lang, database_url, as_json)


@queue_app.command("on-scene")
def on_scene(
    number: Number,
    name: As,
    grid: Grid = None,
    version: Version = None,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Say that you have arrived.

    Example: redwhistle queue on-scene 7 --as 张伟
    """
    _do(number, Act.ON_SCENE, name, "", grid, version, lang, database_url, as_json)


@queue_app.command()
def resolve(
    number: Number,
    name: As,
    reason: Reason,
    grid: Grid = None,
    version: Version = None,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Say that it is dealt with, and how. For 10 seconds it can be undone; then it is closed.

    Example: redwhistle queue resolve 7 --as 张伟 --reason "pan on the stove, put out, flat aired"
    """
    _do(number, Act.RESOLVE, name, reason, grid, version, lang, database_url, as_json)


@queue_app.command("false-alarm")
def false_alarm(
    number: Number,
    name: As,
    reason: Reason,
    grid: Grid = None,
    version: Version = None,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Say that it was nothing, and what it was. For 10 seconds it can be undone; then it is closed.

    Example: redwhistle queue false-alarm 7 --as 张伟 --reason "steam from the shower"
    """
    _do(number, Act.FALSE_ALARM, name, reason, grid, version, lang, database_url, as_json)


@queue_app.command()
def undo(
    number: Number,
    name: As,
    grid: Grid = None,
    version: Version = None,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Take back your resolve or false alarm while it is not closed yet.

    Example: redwhistle queue undo 7 --as 张伟
    """
    _do(number, Act.UNDO, name, "", grid, version, lang, database_url, as_json)


@queue_app.command()
def close(
    number: Number,
    name: As,
    grid: Grid = None,
    version: Version = None,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Close a resolved item or a false alarm at once, without the 10 seconds for an undo.

    Had they passed, it is closed already, and that is no error.

    Example: redwhistle queue close 7 --as 张伟
    """
    _do(number, Act.CLOSE, name, "", grid, version, lang, database_url, as_json)


@queue_app.command()
def comment(
    number: Number,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What others should know.")],
    name: As,
    grid: Grid = None,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Add a note to the item's history, also when it is closed.

    Example: redwhistle queue comment 7 "the lift is out of order" --as 李娜
    """
    _do(number, Act.COMMENT, name, text, grid, None, lang, database_url, as_json)


def _do(
    number: str,
    what: Act,
    name: str,
    reason: str,
    grid: str | None,
    version: int | None,
    lang: Lang | None,
    database_url: str | None,
    as_json: bool,
) -> None:
    settings = Settings.read(database_url=database_url)
    now = datetime.now(UTC)
    with connect(settings.database, name="cli", autocommit=True) as connection:
        pack = RuleShelf(load_rules(settings.rules_file)).of(packs.pack_of_item(connection, number))
        with begin(connection) as uow:

            def perform() -> Transition:
                return acts.perform(
                    uow,
                    number,
                    what,
                    name,
                    now,
                    pack=pack,
                    judge=engine,
                    reason=reason,
                    grid=grid,
                    version=version,
                    terms=settings.terms,
                )

            done = acts.unless_so_already(uow, number, what, name, perform)
        row = reading.read_item(connection, done.item.id)
    if as_json:
        print_json({**shown(row, now), "history": row["history"][len(row["history"]) - len(done.entries) :]})
        return
    typer.echo(said(done, row, now, pick_lang(lang)))


def _tell_lost(why: str, wait_s: float) -> None:
    typer.echo(f"{why}; trying again in {wait_s:.1f} s", err=True)
