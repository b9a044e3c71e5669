"""What `redwhistle doctor` looks at: settings, files, database; `diagnosis` says what it means."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from redwhistle.errors import ConfigurationError, RedWhistleError, StoreError
from server import diagnosis
from server.api.ports import BUILT_CONSOLE
from server.diagnosis import Certificate, Finding, Grade
from server.rule_files import load_rules
from server.settings import Settings
from server.store.facts import read_facts
from server.store.migrate import read_status
from server.wiring_doors import build_oidc, door_settings


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
