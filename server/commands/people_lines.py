"""What the commands about people share: how they reach the accounts, ask for a password, and print what they found."""

import getpass
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from redwhistle.errors import ConfigurationError
from server.catalogue import ROLES
from server.people.people import People
from server.people.records import By, GrantShown, Person
from server.printing import clean, clock_time, print_table
from server.settings import Settings
from server.store.people import PostgresPeople, connections_to
from server.words import LEVELS, Lang, place_name, word

Login = Annotated[
    str, typer.Argument(metavar="LOGIN", help="Whose account; `redwhistle user list` shows them.")
]
Random = Annotated[bool, typer.Option("--random", help="Make a random one and print it, once.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read it from standard input: its first line.")
]
_MAX_LINE = 2000


def open_people(database_url: str | None) -> People:
    """The accounts of the settings' database."""
    return People.over(PostgresPeople(connections_to(Settings.read(database_url=database_url).database)))


def by_here() -> By:
    """Whoever is at this command line, as the audit log names them."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no such user id on this machine
        user = "?"
    return By(f"cli:{user}")


def ask_password(*, random: bool, from_stdin: bool) -> SecretStr | None:
    """The password by the way that was chosen; None for a random one. Never an argument: others see those.

    Raise ConfigurationError where nobody is there to be asked.
    """
    if random and from_stdin:
        raise ConfigurationError("choose one: --random or --password-stdin")
    if random:
        return None
    if from_stdin:
        line = sys.stdin.readline(_MAX_LINE).rstrip("\r\n")
        if not line:
            raise ConfigurationError("standard input was empty: write the password into it, as one line")
        return SecretStr(line)
    if not sys.stdin.isatty():
        raise ConfigurationError("nobody can be asked here: give --random or --password-stdin")
    return SecretStr(
        typer.prompt("密码 Password", hide_input=True, confirmation_prompt="再输一次 Again", err=True)
    )


def person_json(person: Person) -> dict[str, Any]:
    """An account for scripts."""
    return {**asdict(person), "state": _state(person)}


def print_people(people: Sequence[Person], lang: Lang) -> None:
    """A table, one account a row."""
    headers = (
        ("账号", "姓名", "角色", "状态", "当班自")
        if lang is Lang.ZH
        else ("Login", "Name", "Roles", "State", "On duty since")
    )
    rows = [
        (
            one.login,
            one.name,
            "\n".join(grant_text(grant, lang) for grant in one.grants) or "-",
            state_text(one, lang),
            clock_time(one.on_duty_since),
        )
        for one in people
    ]
    print_table(headers, rows)


def grant_text(grant: GrantShown, lang: Lang) -> str:
    """网格员 金沙3网格 (jinsha-g3): the role, and over what."""
    role = word(ROLES, grant.role, lang)
    bound = grant.place or grant.company
    if bound is None:
        return role
    if grant.name_zh is None:
        missing = "已不在地点树中" if lang is Lang.ZH else "not in the tree any more"
        return clean(f"{role} ({bound}: {missing})")
    name = place_name({"name_zh": grant.name_zh, "name_en": grant.name_en or ""}, lang)
    level = "" if lang is Lang.ZH or grant.level is None else word(LEVELS, grant.level, lang) + " "
    return clean(f"{role} {level}{name} ({bound})")


def state_text(person: Person, lang: Lang) -> str:
    """How the account stands, in words."""
    zh, en = _STATES[_state(person)]
    return zh if lang is Lang.ZH else en


_STATES = {
    "disabled": ("停用", "disabled"),
    "no_password": ("未设密码", "no password"),
    "must_change_password": ("待改密码", "must change the password"),
    "single_sign_on": ("统一身份", "single sign-on"),
    "active": ("正常", "active"),
}


def _state(person: Person) -> str:
    if person.disabled_at is not None:
        return "disabled"
    if person.oidc_issuer is not None:
        return "single_sign_on"
    if not person.has_password:
        return "no_password"
    return "must_change_password" if person.must_change_password else "active"
