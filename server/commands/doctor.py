"""`redwhistle doctor`: looks for what is unsafe or broken, and says what to do."""

from typing import Annotated

import typer

from server.diagnosis import Finding, Grade
from server.printing import AsJson, LangOption, pick_lang, print_json
from server.words import Lang

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url", help="postgresql://… [default: REDWHISTLE_DATABASE_URL]", show_default=False
    ),
]
GRADES = {Grade.BROKEN: ("损坏", "broken"), Grade.UNSAFE: ("不安全", "unsafe"), Grade.NOTE: ("提示", "note")}


def attach(root: typer.Typer) -> None:
    """Hang it under the root command."""
    root.command()(doctor)


def doctor(database_url: DatabaseUrl = None, lang: LangOption = None, as_json: AsJson = False) -> None:
    """Look for what is unsafe or broken in settings and database. Exits with 1 when something is.

    It is told what the server is told: give it the same environment.

    Example: redwhistle doctor

    Example: redwhistle doctor --json
    """
    from server.examining import (
        examine,
    )  # here: it needs all of the doors, and no other command waits for them

    found = list(examine(database_url))
    bad = [one for one in found if one.grade is not Grade.NOTE]
    if as_json:
        shown = [
            {"grade": one.grade.value, "code": one.code, "text": {"zh": one.zh, "en": one.en}}
            for one in found
        ]
        print_json({"ok": not bad, "findings": shown})
    else:
        _print(found, pick_lang(lang))
    if bad:
        raise typer.Exit(1)


def _print(found: list[Finding], lang: Lang) -> None:
    zh = lang is Lang.ZH
    for one in found:
        grade = GRADES[one.grade][0 if zh else 1]
        typer.echo(f"[{grade}] {one.code}: {one.zh if zh else one.en}")
    if not any(one.grade is not Grade.NOTE for one in found):
        typer.echo("没有发现不安全或损坏之处" if zh else "Nothing unsafe or broken was found.")
