"""`redwhistle role …`: what people may do, and over which part of the tree."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from redwhistle.errors import ConfigurationError
from server.commands.people_lines import Login, by_here, grant_text, open_people, person_json, print_people
from server.people.records import Person
from server.printing import AsJson, DatabaseUrl, LangOption, clean, pick_lang, print_json
from server.rights.caller import Grant
from server.rights.roles import BINDING, Reach, Role
from server.words import Lang

role_app = typer.Typer(
    no_args_is_help=True,
    help="Roles: who may do what, where. Several a person; they hold from the next request on. 角色。",
)
RoleName = Annotated[
    Role, typer.Argument(metavar="ROLE", help="admin, command, grid_worker or property_manager.")
]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="PLACE", help="For command and grid_worker: this place and all below it."),
]
Company = Annotated[
    str | None, typer.Option("--company", help="For property_manager: the compounds of this company.")
]


def attach(app: typer.Typer) -> None:
    """Add `role` to the root command."""
    app.add_typer(role_app, name="role")


@role_app.command()
def grant(
    login: Login,
    role: RoleName,
    at: At = None,
    company: Company = None,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Give somebody a role.

    Example: redwhistle role grant zhangwei grid_worker --at jinsha-g3

    Example: redwhistle role grant liuyang command --at panlong

    Example: redwhistle role grant wangfang property_manager --company cuihu-wuye

    Example: redwhistle role grant chenjing admin
    """
    wanted = _grant(role, at, company)
    accounts = open_people(database_url).accounts
    done = accounts.grant(accounts.find(login).id, wanted, by_here(), datetime.now(UTC))
    _tell(done, pick_lang(lang), as_json)


@role_app.command()
def revoke(
    login: Login,
    role: RoleName,
    at: At = None,
    company: Company = None,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Take a role away. It ends at the next request; open pages lose what they may no longer see within seconds.

    Example: redwhistle role revoke zhangwei grid_worker --at jinsha-g3
    """
    wanted = _grant(role, at, company)
    accounts = open_people(database_url).accounts
    done = accounts.revoke(accounts.find(login).id, wanted, by_here(), datetime.now(UTC))
    _tell(done, pick_lang(lang), as_json)


@role_app.command("list")
def list_roles(
    login: Annotated[str | None, typer.Argument(metavar="[LOGIN]", help="Only this person's.")] = None,
    role: Annotated[Role | None, typer.Option("--role", help="Only people with this role.")] = None,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List roles, one person's or everybody's.

    Example: redwhistle role list zhangwei

    Example: redwhistle role list --role admin --json
    """
    accounts = open_people(database_url).accounts
    if login is not None:
        _tell(accounts.find(login), pick_lang(lang), as_json)
        return
    found: list[Person] = []
    while page := accounts.list(after=found[-1].login if found else "", limit=500, role=role):
        found += page
    held = [one for one in found if one.grants]
    if as_json:
        print_json({"people": [person_json(one) for one in held]})
        return
    print_people(held, pick_lang(lang))


def _grant(role: Role, at: str | None, company: str | None) -> Grant:
    try:
        return Grant(role, at, company)
    except ValueError as error:
        wanted = {
            Reach.ALL: "neither --at nor --company",
            Reach.PLACE: "--at PLACE",
            Reach.COMPANY: "--company",
        }
        raise ConfigurationError(f"{role} needs {wanted[BINDING[role]]}") from error


def _tell(person: Person, lang: Lang, as_json: bool) -> None:
    if as_json:
        print_json(person_json(person))
        return
    typer.echo(clean(f"{person.login}  {person.name}"))
    for one in person.grants:
        typer.echo(f"  {grant_text(one, lang)}")
    if not person.grants:
        typer.echo("  没有角色" if lang is Lang.ZH else "  no role")
