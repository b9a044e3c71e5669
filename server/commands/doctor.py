"""`redwhistle doctor`: looks for what is unsafe or broken, and says what to do."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509

from redwhistle.errors import ConfigurationError, RedWhistleError, StoreError
from server import diagnosis
from server.api.ports import BUILT_CONSOLE
from server.diagnosis import Certificate, Finding, Grade
from server.printing import AsJson, LangOption, pick_lang, print_json
from server.rule_files import load_rules
from server.settings import Settings
from server.store.facts import read_facts
from server.store.migrate import read_status
from server.wiring_doors import build_oidc, door_settings
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


def examine(database_url: str | None) -> Iterator[Finding]:
    """Everything that is found, the worst first."""
    found: list[Finding] = []
    try:
        found += diagnosis.of_secrets(database_url)
        settings = Settings.read(database_url=database_url)
        found += _settings(settings)
        found += _database(settings)
    except ConfigurationError as error:
        found.append(diagnosis.broken("settings", str(error)))
    order = list(Grade)
    yield from sorted(found, key=lambda one: order.index(one.grade))


def _settings(settings: Settings) -> Iterator[Finding]:
    yield from diagnosis.of_doors(settings)
    yield from diagnosis.of_neighbours(settings)
    for code, check in (("rules", _load_rules), ("oidc", _load_oidc), ("doors", door_settings)):
        try:
            check(settings)
        except RedWhistleError as error:
            yield diagnosis.broken(code, str(error))
    if settings.tls is not None:
        try:
            certificate = read_certificate(*settings.tls)
        except (OSError, ValueError) as error:
            yield diagnosis.broken("certificate_unreadable", f"the TLS files cannot be read: {error}")
        else:
            yield from diagnosis.of_certificate(certificate, datetime.now(UTC))
    if not ((settings.console_dir or BUILT_CONSOLE) / "index.html").is_file():
        yield diagnosis.console_missing()


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        status = read_status(settings.database)
        if not status.current:
            lacks = f"the database lacks {', '.join(status.missing)}. Run `redwhistle db migrate`."
            yield diagnosis.broken("schema", "; ".join(status.problems) or lacks)
            return
        facts = read_facts(settings.database)
    except StoreError as error:
        yield diagnosis.broken("database", str(error))
        return
    yield from diagnosis.of_database(facts, datetime.now(UTC))


def read_certificate(certificate: Path, key: Path) -> Certificate:
    """What the first certificate of the file and the key's mode say; raise OSError or ValueError."""
    read = x509.load_pem_x509_certificate(certificate.read_bytes())
    return Certificate(read.not_valid_after_utc, bool(key.stat().st_mode & 0o077))


def _load_rules(settings: Settings) -> None:
    load_rules(settings.rules_file)


def _load_oidc(settings: Settings) -> None:
    made = build_oidc(settings)
    if made is not None:
        made.close()


def _print(found: list[Finding], lang: Lang) -> None:
    zh = lang is Lang.ZH
    for one in found:
        grade = GRADES[one.grade][0 if zh else 1]
        typer.echo(f"[{grade}] {one.code}: {one.zh if zh else one.en}")
    if not any(one.grade is not Grade.NOTE for one in found):
        typer.echo("没有发现不安全或损坏之处" if zh else "Nothing unsafe or broken was found.")
