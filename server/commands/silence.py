"""`redwhistle silence …`: for a while, matching alerts are raised but not announced."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import typer

from redwhistle.clock import from_ms, to_ms
from redwhistle.errors import ConfigurationError
from server import words
from server.alerts import acts, engine
from server.alerts.model import LIFE_SAFETY, Silence
from server.alerts.ports import StoredSilence
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
from server.store.connection import Connection, connect
from server.store.unit_of_work import begin
from server.words import Lang

silence_app = typer.Typer(
    no_args_is_help=True,
    help="Silences: raised, but not announced for a while. Never a fire without a second person. 静默。",
)
Id = Annotated[str, typer.Argument(metavar="ID", help="The silence's id; `silence list` shows it.")]
As = Annotated[str, typer.Option("--as", metavar="NAME", help="Your name; it is kept with the silence.")]
DEFAULT_ZONE = "Asia/Shanghai"


def attach(app: typer.Typer) -> None:
    """Add `silence` to the root command."""
    app.add_typer(silence_app, name="silence")


@silence_app.command()
def add(
    start: Annotated[
        str,
        typer.Option(
            help="'now', or a time like 2026-05-24T08:00 (in the compound's zone, or with its own)."
        ),
    ],
    end: Annotated[str, typer.Option(help="When it ends, to the second; written like --start.")],
    author: Annotated[str, typer.Option(help="Your name.")],
    comment: Annotated[str, typer.Option(help="Why.")],
    place: Annotated[
        str | None, typer.Option(help="This place and everything below it, inside one compound.")
    ] = None,
    site: Annotated[str | None, typer.Option(help="The whole compound.")] = None,
    hazard: Annotated[str | None, typer.Option(help="fire, smoke, gate, device, …")] = None,
    device: Annotated[str | None, typer.Option(help="One device.")] = None,
    rule: Annotated[str | None, typer.Option(help="One rule; `redwhistle rules list` shows them.")] = None,
    exercise: Annotated[str, typer.Option(help="In this exercise instead of reality.")] = "",
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make a silence in one compound. All matchers given must fit. It ends by itself, exactly at --end.

    Alerts that it covers stand in the queue, marked; only the announcement is left out. Fire, smoke, gas, emergency,
    flood and quake are not covered until a second person approves (`redwhistle silence approve`).

    Example: redwhistle silence add --site jinyuan --hazard gate --start now --end 2026-05-24T18:00 --author 张伟 --comment "gate is being repaired"
    """
    settings = Settings.read(database_url=database_url)
    now = datetime.now(UTC)
    with connect(settings.database, name="cli", autocommit=True) as connection:
        where, zone = _compound(connection, place, site)
        matchers = {"place": place, "site": site, "hazard": hazard, "device": device, "rule": rule}
        silence = Silence(
            id=f"s-{uuid4().hex[:10]}",
            matchers={key: value for key, value in matchers.items() if value is not None},
            start_ms=to_ms(parse_moment(start, zone, now)),
            end_ms=to_ms(parse_moment(end, zone, now)),
            author=author,
            comment=comment,
        )
        pack = RuleShelf(load_rules(settings.rules_file)).of(
            packs.pack_of_site(connection, (where, exercise))
        )
        with begin(connection) as uow:
            made = acts.add_silence(uow, (where, exercise), silence, now, pack=pack, judge=engine)
    _tell(made, lang, as_json)


@silence_app.command()
def approve(
    silence: Id, name: As, lang: LangOption = None, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Be the second person: from now on the silence covers life-safety hazards, too. Not by its author.

    Example: redwhistle silence approve s-1a2b3c4d5e --as 李娜
    """
    settings = Settings.read(database_url=database_url)
    with connect(settings.database, name="cli", autocommit=True) as connection:
        pack = RuleShelf(load_rules(settings.rules_file)).of(packs.pack_of_silence(connection, silence))
        with begin(connection) as uow:
            done = acts.approve_silence(uow, silence, name, datetime.now(UTC), pack=pack, judge=engine)
    _tell(done, lang, as_json)


@silence_app.command()
def end(
    silence: Id, name: As, lang: LangOption = None, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """End a silence now. Alerts that it kept quiet and that are still open are announced.

    Example: redwhistle silence end s-1a2b3c4d5e --as 李娜
    """
    settings = Settings.read(database_url=database_url)
    with connect(settings.database, name="cli", autocommit=True) as connection:
        pack = RuleShelf(load_rules(settings.rules_file)).of(packs.pack_of_silence(connection, silence))
        with begin(connection) as uow:
            done = acts.end_silence(uow, silence, name, datetime.now(UTC), pack=pack, judge=engine)
    _tell(done, lang, as_json)


@silence_app.command("list")
def list_silences(
    site: Annotated[str | None, typer.Option(help="Only of this compound.")] = None,
    ended: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List silences, those that end first before the others.

    Example: redwhistle silence list --site jinyuan
    """
    now = datetime.now(UTC)
    with connect(Settings.read(database_url=database_url).database, name="cli") as connection:
        if site is not None:
            reading.read_place(connection, site)
        found = reading.list_silences(connection, now, site=site, ended=ended)
    if as_json:
        print_json({"silences": found})
        return
    spoken = pick_lang(lang)
    if not found:
        typer.echo("没有静默" if spoken is Lang.ZH else "There are no silences.")
        return
    headers = (
        ("编号", "小区", "匹配", "开始", "结束", "作者", "第二人", "原因")
        if spoken is Lang.ZH
        else ("Id", "Compound", "Matches", "Starts", "Ends", "Author", "Second person", "Comment")
    )
    rows = [
        [
            row["id"],
            row["site"] + (f" [{row['exercise']}]" if row["exercise"] else ""),
            ", ".join(f"{key}={value}" for key, value in sorted(row["matchers"].items())),
            clock_time(row["starts_at"]),
            clock_time(row["ends_at"]) + (f" ({row['ended_by']})" if row["ended_by"] else ""),
            row["author"],
            row["second_person"] or "-",
            row["comment"],
        ]
        for row in found
    ]
    print_table(headers, rows)


def parse_moment(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """A time that a person gave, in UTC: 'now', or ISO 8601; without a zone of its own it is in `zone`.

    Raise ConfigurationError for anything else, and for times that a clock skips or that no calendar holds.
    """
    if text.strip().lower() == "now":
        return now
    try:
        given = datetime.fromisoformat(text.strip())
        moment = (given if given.tzinfo else given.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(
            f"{text[:60]!r} is no time: write 'now', or for instance 2026-05-24T08:00"
        ) from error
    if moment.year < 1970:
        raise ConfigurationError(f"{text[:60]!r} lies too far back: give a time from 1970 on")
    return moment


def _compound(connection: Connection, place: str | None, site: str | None) -> tuple[str, ZoneInfo]:
    """The compound whose engine keeps the silence, and its time zone."""
    named = place or site
    if named is None:
        raise ConfigurationError("say where: --site COMPOUND, or --place with a place inside one")
    row = reading.read_place(connection, named)
    if row["site"] is None or (site is not None and row["site"] != site):
        raise ConfigurationError(
            f"{named} does not lie in {site or 'one compound'}: a silence is made for one compound at a time"
        )
    try:
        return row["site"], ZoneInfo(row["time_zone"] or DEFAULT_ZONE)
    except (KeyError, ValueError, OSError):
        return row["site"], ZoneInfo(DEFAULT_ZONE)


def _tell(stored: StoredSilence, lang: Lang | None, as_json: bool) -> None:
    silence = stored.silence
    facts: dict[str, Any] = {
        "id": silence.id,
        "site": stored.key[0],
        "exercise": stored.key[1],
        "matchers": dict(silence.matchers),
        "starts_at": from_ms(silence.start_ms),
        "ends_at": from_ms(silence.end_ms),
        "author": silence.author,
        "comment": silence.comment,
        "second_person": silence.second_person,
        "ended_by": stored.ended_by,
    }
    if as_json:
        print_json(facts)
        return
    zh = pick_lang(lang) is Lang.ZH
    start, end_ = clock_time(facts["starts_at"]), clock_time(facts["ends_at"])
    what = ", ".join(f"{key}={value}" for key, value in sorted(silence.matchers.items()))
    typer.echo(clean(f"{'静默' if zh else 'Silence'} {silence.id}  {what}  {start} – {end_}"))
    if silence.second_person is None and stored.ended_by is None:
        hazards = sorted(words.word(words.HAZARDS, h, Lang.ZH if zh else Lang.EN) for h in LIFE_SAFETY)
        typer.echo(
            f"未经第二人批准，不覆盖：{'、'.join(hazards)}"
            if zh
            else f"Without a second person it does not cover: {', '.join(hazards)}."
        )
