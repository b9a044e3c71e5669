"""`redwhistle user …`: accounts of people."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from redwhistle.errors import ConfigurationError
from server.commands.people_lines import (
    FromStdin,
    Login,
    Random,
    ask_password,
    by_here,
    grant_text,
    open_people,
    person_json,
    print_people,
    state_text,
)
from server.people.accounts import NewPerson
from server.people.passwords import random_password
from server.people.records import Lang as PersonLang
from server.people.records import Person
from server.printing import AsJson, DatabaseUrl, LangOption, clean, clock_time, pick_lang, print_json
from server.rights.roles import Role
from server.words import Lang

user_app = typer.Typer(
    no_args_is_help=True,
    help="Accounts: make, list, rename, disable, set passwords. What somebody may do: `redwhistle role`. 账号。",
)
PAGE = 500


def attach(app: typer.Typer) -> None:
    """Add `user` to the root command."""
    app.add_typer(user_app, name="user")


@user_app.command()
def add(
    login: Annotated[
        str, typer.Argument(metavar="LOGIN", help="2 to 40 of a-z 0-9 . _ -; it stays for ever.")
    ],
    name: Annotated[str, typer.Option("--name", help="The name that others see.")],
    random: Random = False,
    from_stdin: FromStdin = False,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="None: the person comes in through OpenID Connect.")
    ] = False,
    final: Annotated[
        bool, typer.Option("--final", help="The person need not change the password at the first log-in.")
    ] = False,
    language: Annotated[
        PersonLang, typer.Option("--language", help="What the person reads.")
    ] = PersonLang.ZH,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make an account. It may do nothing until it has a role. The password is asked for, unless an option says otherwise.

    Example: redwhistle user add zhangwei --name 张伟 --random

    Example: redwhistle user add lina --name 李娜 --password-stdin < password.txt

    Example: redwhistle user add wangfang --name 王芳 --no-password
    """
    if no_password and (random or from_stdin):
        raise ConfigurationError("choose one: --no-password, --random or --password-stdin")
    people = open_people(database_url)
    password = (
        None if no_password else ask_password(random=random, from_stdin=from_stdin) or random_password()
    )
    new = NewPerson(login, name, language, password, must_change_password=not final)
    made = people.accounts.add(new, by_here(), datetime.now(UTC))
    shown = password.get_secret_value() if random and password is not None else None
    _tell(made, pick_lang(lang), as_json, shown)


@user_app.command("list")
def list_people(
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="Part of a login or name.")] = "",
    role: Annotated[Role | None, typer.Option("--role", help="Only people with this role.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Disabled accounts, too.")] = False,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List accounts with their roles.

    Example: redwhistle user list --role grid_worker

    Example: redwhistle user list 张 --all --json
    """
    accounts = open_people(database_url).accounts
    found: list[Person] = []
    while True:
        after = found[-1].login if found else ""
        page = accounts.list(after=after, limit=PAGE, text=text, role=role, disabled=every)
        found += page
        if len(page) < PAGE:
            break
    if as_json:
        print_json({"people": [person_json(one) for one in found]})
        return
    spoken = pick_lang(lang)
    if not found:
        typer.echo("没有符合的账号" if spoken is Lang.ZH else "There are no such accounts.")
        return
    print_people(found, spoken)


@user_app.command()
def show(
    login: Login, lang: LangOption = None, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Show one account: its roles, who gave them, and its state.

    Example: redwhistle user show zhangwei
    """
    _tell(open_people(database_url).accounts.find(login), pick_lang(lang), as_json)


@user_app.command()
def rename(
    login: Login,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name that others see from now on.")],
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Change the name that others see. The login stays: it stands in the history.

    Example: redwhistle user rename zhangwei 张玮
    """
    accounts = open_people(database_url).accounts
    done = accounts.change(accounts.find(login).id, by_here(), datetime.now(UTC), name=name)
    _tell(done, pick_lang(lang), as_json)


@user_app.command()
def disable(
    login: Login, lang: LangOption = None, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Let somebody in no more: ends all sessions at once, stops the tokens. Nobody is deleted: the history needs the name.

    Example: redwhistle user disable zhangwei
    """
    accounts = open_people(database_url).accounts
    done = accounts.change(accounts.find(login).id, by_here(), datetime.now(UTC), disabled=True)
    _tell(done, pick_lang(lang), as_json)


@user_app.command()
def enable(
    login: Login, lang: LangOption = None, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Let somebody in again, with the roles and tokens of before.

    Example: redwhistle user enable zhangwei
    """
    accounts = open_people(database_url).accounts
    done = accounts.change(accounts.find(login).id, by_here(), datetime.now(UTC), disabled=False)
    _tell(done, pick_lang(lang), as_json)


@user_app.command()
def password(
    login: Login,
    random: Random = False,
    from_stdin: FromStdin = False,
    final: Annotated[
        bool, typer.Option("--final", help="The person need not change it at the next log-in.")
    ] = False,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Set somebody's password. Ends all their sessions; it has to be changed at the next log-in, unless --final.

    This also helps whoever is locked out, an administrator too: the command line needs the database, not an account.

    Example: redwhistle user password zhangwei --random

    Example: redwhistle user password admin --final
    """
    accounts = open_people(database_url).accounts
    person = accounts.find(login)
    given = ask_password(random=random, from_stdin=from_stdin)
    made = given or random_password()
    accounts.set_password(person.id, made, by_here(), datetime.now(UTC), must_change=not final)
    shown = made.get_secret_value() if given is None else None
    _tell(accounts.read(person.id), pick_lang(lang), as_json, shown)


def _tell(person: Person, lang: Lang, as_json: bool, password: str | None = None) -> None:
    if as_json:
        print_json(person_json(person) | ({"password": password} if password is not None else {}))
        return
    zh = lang is Lang.ZH
    typer.echo(clean(f"{person.login}  {person.name}  {state_text(person, lang)}"))
    for grant in person.grants:
        given = f"{'由' if zh else 'by'} {grant.granted_by}  {clock_time(grant.at)}"
        typer.echo(clean(f"  {grant_text(grant, lang)}  {given}"))
    if not person.grants:
        hint = f"redwhistle role grant {person.login} …"
        typer.echo(f"  还没有角色：{hint}" if zh else f"  no role yet: {hint}")
    if password is not None:
        typer.echo(f"密码（只显示这一次）: {password}" if zh else f"Password (shown this once): {password}")
