"""`redwhistle session …`: where somebody is logged in."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from redwhistle.errors import ConfigurationError
from server.commands.people_lines import Login, by_here, open_people
from server.printing import AsJson, DatabaseUrl, LangOption, clock_time, pick_lang, print_json, print_table
from server.words import Lang

session_app = typer.Typer(
    no_args_is_help=True, help="Sessions: where somebody is logged in, and ending that. 登录会话。"
)


def attach(app: typer.Typer) -> None:
    """Add `session` to the root command."""
    app.add_typer(session_app, name="session")


@session_app.command("list")
def list_sessions(
    login: Login, lang: LangOption = None, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """List somebody's live sessions, the newest first.

    Example: redwhistle session list zhangwei
    """
    people = open_people(database_url)
    found = people.sessions.list_of(people.accounts.find(login).id, datetime.now(UTC))
    if as_json:
        print_json({"sessions": [asdict(one) for one in found]})
        return
    zh = pick_lang(lang) is Lang.ZH
    if not found:
        typer.echo("没有登录" if zh else "Not logged in anywhere.")
        return
    headers = (
        ("编号", "登录于", "最近使用", "有效至", "地址", "浏览器")
        if zh
        else ("Id", "Since", "Last used", "Until", "Address", "Browser")
    )
    rows = [
        (
            one.id,
            clock_time(one.made_at),
            clock_time(one.seen_at),
            clock_time(one.expires_at),
            one.address,
            one.agent,
        )
        for one in found
    ]
    print_table(headers, rows)


@session_app.command()
def end(
    login: Login,
    session: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Which; `redwhistle session list` shows them.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """End one session or all: its next request is refused, its open pages end within seconds.

    Example: redwhistle session end zhangwei 0197cafe-0000-7000-8000-000000000001

    Example: redwhistle session end zhangwei --all
    """
    if (session is None) == (not every):
        raise ConfigurationError("say which: a session's ID, or --all")
    people = open_people(database_url)
    person, now = people.accounts.find(login).id, datetime.now(UTC)
    if session is None:
        ended = people.sessions.end_all(person, by_here(), now)
    else:
        people.sessions.end(person, session, by_here(), now)
        ended = 1
    if as_json:
        print_json({"ended": ended})
        return
    typer.echo(f"已结束 {ended} 处登录" if pick_lang(lang) is Lang.ZH else f"Sessions ended: {ended}")
