"""The composition root of the server's processes: the one place that names concrete classes together."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from redwhistle.errors import ConfigurationError
from server.alerts import engine, rules, runner
from server.alerts.model import Item
from server.ingest.receiver import BrokerSettings
from server.ingest.service import IngestService
from server.metrics import PrometheusMeter, serve_metrics
from server.settings import Settings
from server.store.connection import Connection
from server.store.intake import Intake
from server.store.migrate import require_current
from server.store.unit_of_work import PostgresUnitOfWork


def load_rules(path: Path | None) -> rules.Pack:
    """The pack in a file, or the default one; raise RulesError or ConfigurationError."""
    if path is None:
        return rules.default_pack()
    try:
        return rules.load_pack(path.read_text(encoding="utf-8"), name=path.stem)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read the rule pack {path}: {error}") from error


def build_ingest(settings: Settings) -> IngestService:
    """An ingest service over the settings' database and broker; raise SchemaError for another schema."""
    url = settings.database
    require_current(url)
    pack = load_rules(settings.rules_file)

    def step(connection: Connection, items: Mapping[tuple[str, str], Sequence[Item]], now: datetime) -> None:
        runner.step(PostgresUnitOfWork(connection), items, pack, now, judge=engine)

    if settings.metrics_port:
        serve_metrics(settings.metrics_port)
    return IngestService(
        broker_settings(settings),
        open_intake=lambda name: Intake(url, name=name, stepper=step),
        screen=engine.Screen(pack),
        presence_step_ms=engine.PRESENCE_STEP_MS,
        meter=PrometheusMeter(),
    )


def broker_settings(settings: Settings) -> BrokerSettings:
    """How to reach the broker."""
    password = settings.mqtt_password.get_secret_value() if settings.mqtt_password else None
    return BrokerSettings(
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        username=settings.mqtt_username,
        password=password,
        ca_file=_text(settings.mqtt_ca_file),
        cert_file=_text(settings.mqtt_cert_file),
        key_file=_text(settings.mqtt_key_file),
    )


def _text(path: Path | None) -> str | None:
    return str(path) if path is not None else None
