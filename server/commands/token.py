"""`redwhistle token …`: API tokens, for machines and wall displays."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from server.commands.people_lines import Login, by_here, open_people
from server.people.tokens import MAX_DAYS
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
from server.words import Lang

token_app = typer.Typer(
    no_args_is_help=True,
    help="API tokens: sent as `Authorization: Bearer …`, with the rights of their owner, until they end. 令牌。",
)


def attach(app: typer.Typer) -> None:
    """Add `token` to the root command."""
    app.add_typer(token_app, name="token")


@token_app.command()
def add(
    login: Login,
    label: Annotated[str, typer.Option("--label", help="What it is for; shown in lists.")],
    read_only: Annotated[
        bool, typer.Option("--read-only", help="It sees, but does nothing and shows no pictures: for a wall.")
    ] = False,
    days: Annotated[int, typer.Option("--days", min=1, max=MAX_DAYS, help="How long it holds.")] = 365,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make a token for somebody and print it, once.

    Example: redwhistle token add wall-jinsha --label "金沙社区大屏" --read-only --days 365
    """
    people = open_people(database_url)
    now = datetime.now(UTC)
    owner = people.accounts.find(login)
    made, secret = people.tokens.make(owner.id, label, by_here(), now, read_only=read_only, days=days)
    if as_json:
        print_json({**asdict(made), "token": secret.get_secret_value()})
        return
    until = clock_time(made.expires_at)
    if pick_lang(lang) is Lang.ZH:
        typer.echo(clean(f"令牌 {made.id}（{made.label}）有效至 {until}，只显示这一次:"))
    else:
        typer.echo(clean(f"Token {made.id} ({made.label}) holds until {until}; it is shown this once:"))
    typer.echo(secret.get_secret_value())


@token_app.command("list")
def list_tokens(
    login: Annotated[str | None, typer.Argument(metavar="[LOGIN]", help="Only this person's.")] = None,
    ended: Annotated[bool, typer.Option("--all", help="Those that ran out or were revoked, too.")] = False,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List tokens without their secrets: whose, for what, last used when.

    Example: redwhistle token list

    Example: redwhistle token list wall-jinsha --all --json
    """
    people = open_people(database_url)
    person = None if login is None else people.accounts.find(login).id
    found = people.tokens.list_of(person, datetime.now(UTC), ended=ended)
    if as_json:
        print_json({"tokens": [asdict(one) for one in found]})
        return
    zh = pick_lang(lang) is Lang.ZH
    if not found:
        typer.echo("没有令牌" if zh else "There are no tokens.")
        return
    headers = (
        ("编号", "账号", "用途", "只读", "有效至", "最近使用", "撤销于")
        if zh
        else ("Id", "Login", "For", "Read only", "Until", "Last used", "Revoked")
    )
    yes, no = ("是", "否") if zh else ("yes", "no")
    rows = [
        (
            one.id,
            one.login,
            one.label,
            yes if one.read_only else no,
            clock_time(one.expires_at),
            clock_time(one.used_at),
            clock_time(one.revoked_at),
        )
        for one in found
    ]
    print_table(headers, rows)


@token_app.command()
def revoke(
    token: Annotated[
        str, typer.Argument(metavar="ID", help="The token's id; `redwhistle token list` shows it.")
    ],
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """End a token for good. Streams that it opened end within seconds.

    Example: redwhistle token revoke 3f9a1c0b77d2e845
    """
    revoked = open_people(database_url).tokens.revoke(None, token, by_here(), datetime.now(UTC))
    if as_json:
        print_json(asdict(revoked))
        return
    zh = pick_lang(lang) is Lang.ZH
    typer.echo(clean(f"{'已撤销' if zh else 'Revoked'}: {revoked.id}  {revoked.login}  {revoked.label}"))
