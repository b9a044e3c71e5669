"""The composition root of the server's processes: the one place that names concrete classes together."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import psycopg

from redwhistle.clock import SystemClock
from redwhistle.logs import get_logger
from redwhistle.stopping import stop_on_signals
from server.alerts import engine, rules, runner
from server.alerts.model import Item
from server.dispatch.dispatcher import Dispatcher
from server.dispatch.jobs import Job
from server.embedded.broker import EmbeddedBroker
from server.embedded.postgres import PostgresServer
from server.ingest.receiver import BrokerSettings
from server.ingest.service import IngestService
from server.metrics import PrometheusMeter, serve_metrics
from server.rule_files import RuleShelf, load_rules
from server.settings import Settings
from server.store.connection import Connection
from server.store.evidence_keeping import remove_expired, tie_late
from server.store.intake import Intake
from server.store.migrate import migrate, require_current
from server.store.retention import Retention, enforce
from server.store.rollups import refresh
from server.store.standing import read_standing
from server.store.unit_of_work import PostgresUnitOfWork
from server.wiring_doors import serving_doors

log = get_logger(part="server")

ROLLUP_EVERY_S = 20.0
RETENTION_EVERY_S = 3600.0
EVIDENCE_EVERY_S = 15.0
DATABASE = "redwhistle"
"""Name of the database inside the embedded server."""


def build_ingest(settings: Settings) -> IngestService:
    """An ingest service over the settings' database and broker; raise SchemaError for another schema."""
    url = settings.database
    require_current(url)
    pack = load_rules(settings.rules_file)
    terms = settings.terms

    def step(connection: Connection, items: Mapping[tuple[str, str], Sequence[Item]], now: datetime) -> None:
        runner.step(PostgresUnitOfWork(connection), items, pack, now, judge=engine, terms=terms)

    return IngestService(
        broker_settings(settings),
        open_intake=lambda name: Intake(url, name=name, stepper=step, keep_evidence=settings.keep_evidence),
        screen=engine.Screen(pack),
        presence_step_ms=engine.PRESENCE_STEP_MS,
        meter=PrometheusMeter(),
    )


def build_dispatcher(settings: Settings) -> Dispatcher[rules.Pack, engine.SiteState]:
    """A dispatcher with its recurring jobs; raise SchemaError for another schema."""
    url = settings.database
    require_current(url)
    keep = Retention(**settings.keep)

    def roll_up(connection: Connection, now: datetime) -> None:
        refresh(connection, now)

    def clear(connection: Connection, now: datetime) -> None:
        gone = enforce(connection, now, keep)
        log.info("retention_enforced", gone={name: count for name, count in gone.items() if count})

    def look_after_evidence(connection: Connection, now: datetime) -> None:
        tied = tie_late(connection, now)
        removed = remove_expired(connection, now, settings.keep_evidence)
        if tied or removed:
            log.info("evidence_looked_after", tied=tied, removed=removed)

    jobs = [
        Job("rollups", ROLLUP_EVERY_S, roll_up),
        Job("retention", RETENTION_EVERY_S, clear),
        Job("evidence", EVIDENCE_EVERY_S, look_after_evidence),
    ]
    pack = load_rules(settings.rules_file)
    shelf = RuleShelf(pack)
    return Dispatcher(
        url, pack, SystemClock(), jobs, judge=engine, terms=settings.terms, pack_by_hash=shelf.by_hash
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


@contextmanager
def embedded(settings: Settings, folder: Path) -> Iterator[Settings]:
    """A database and a broker of our own, kept in `folder`: the settings to use while they run."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        PostgresServer(folder / "postgres") as server,
        EmbeddedBroker(
            folder / "broker", port=settings.mqtt_port if settings.mqtt_port_given else None
        ) as broker,
    ):
        with psycopg.connect(server.url, autocommit=True) as connection:
            exists = connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if exists is None:
                connection.execute("CREATE DATABASE redwhistle")
        url = server.database_url(DATABASE)
        url_file = folder / "database-url"
        url_file.touch(mode=0o600)
        url_file.write_text(url + "\n", encoding="utf-8")
        log.info("embedded_ready", database_url_file=str(url_file), mqtt_port=broker.port)
        yield settings.replaced(database_url=url, mqtt_host="127.0.0.1", mqtt_port=broker.port)


def run_ingest(settings: Settings) -> None:
    """Ingest until SIGTERM or Ctrl-C."""
    with _told_to_stop() as stop, _ingesting(settings):
        stop.wait()


def run_dispatch(settings: Settings) -> None:
    """Serve timers until SIGTERM or Ctrl-C."""
    dispatcher = build_dispatcher(settings)
    _maybe_serve_metrics(settings)
    with _told_to_stop() as stop:
        log.info("dispatch_started")
        dispatcher.run(stop)
        log.info("dispatch_stopped")


def run_api(settings: Settings) -> None:
    """Answer at the HTTP doors until SIGTERM or Ctrl-C."""
    with _told_to_stop() as stop, serving_doors(settings, stop):
        _maybe_serve_metrics(settings)
        stop.wait()


def serve(
    settings: Settings, *, embedded_dir: Path | None, migrate_first: bool, with_api: bool = True
) -> None:
    """Everything in one process until SIGTERM or Ctrl-C; with `embedded_dir` also the database and the broker."""
    with ExitStack() as stack:
        stop = stack.enter_context(_told_to_stop())
        if embedded_dir is not None:
            settings = stack.enter_context(embedded(settings, embedded_dir))
        if migrate_first or embedded_dir is not None:
            applied = migrate(settings.database)
            log.info("database_migrated", applied=applied)
        stack.enter_context(_ingesting(settings))
        stack.enter_context(_dispatching(settings, stop))
        if with_api:
            stack.enter_context(serving_doors(settings, stop))
        log.info("server_ready", mqtt_host=settings.mqtt_host, mqtt_port=settings.mqtt_port)
        stop.wait()


@contextmanager
def _ingesting(settings: Settings) -> Iterator[None]:
    service = build_ingest(settings)
    _maybe_serve_metrics(settings)
    service.start()
    try:
        yield
    finally:
        service.stop()


@contextmanager
def _dispatching(settings: Settings, stop: threading.Event) -> Iterator[None]:
    dispatcher = build_dispatcher(settings)

    def run() -> None:
        try:
            dispatcher.run(stop)
        except Exception:
            log.exception("dispatch_failed")
            stop.set()

    thread = threading.Thread(target=run, name="dispatch")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=10)


def _told_to_stop() -> AbstractContextManager[threading.Event]:
    return stop_on_signals(lambda name: log.info("signal_received", signal=name))


def _maybe_serve_metrics(settings: Settings) -> None:
    if settings.metrics_port:
        serve_metrics(settings.metrics_port, lambda: read_standing(settings.database))


def _text(path: Path | None) -> str | None:
    return str(path) if path is not None else None
