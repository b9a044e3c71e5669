"""The composition root of the HTTP doors: what stands behind them, from the settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from redwhistle.clock import Clock, SystemClock
from server.alerts import rules
from server.api import shown
from server.api.health import DatabaseHealth
from server.api.ports import DemoAccount, Doors, DoorSettings, MapTilesSetting, Row
from server.api.stream.hub import Hub
from server.demo_logins import read_demo_logins
from server.people.people import People
from server.people.terms import Terms as PeopleTerms
from server.rule_files import RuleShelf, load_rules
from server.settings import Settings
from server.store import packs
from server.store.acting import ActDesk
from server.store.connection import Connection
from server.store.listening import follow_changes
from server.store.looking import QueueLook
from server.store.looking_devices import DeviceLook
from server.store.looking_evidence import EvidenceLook
from server.store.looking_places import PlaceLook
from server.store.migrate import require_current
from server.store.people import PostgresPeople
from server.store.pool import Pooled
from server.store.readiness import check_database


@contextmanager
def open_doors(settings: Settings, clock: Clock | None = None) -> Iterator[Doors]:
    """The doors over the settings' database; raise SchemaError for another schema."""
    url = settings.database
    require_current(url)
    clock = clock or SystemClock()
    told = door_settings(settings)
    shelf = RuleShelf(load_rules(settings.rules_file))

    def pack_of(connection: Connection, ref: str) -> rules.Pack:
        return shelf.of(packs.pack_of_item(connection, ref))

    pool = Pooled(url, name="api", size=settings.api_connections)
    hub = Hub(lambda stop: follow_changes(url, stop), encode_item, clock)
    try:
        yield Doors(
            clock=clock,
            people=build_people(settings, pool),
            queue=QueueLook(pool),
            places=PlaceLook(pool),
            devices=DeviceLook(pool),
            desk=ActDesk(pool, pack_of),
            evidence=EvidenceLook(pool),
            health=DatabaseHealth(lambda: check_database(pool), hub),
            settings=told,
            stream=hub,
        )
    finally:
        hub.stop()
        pool.close()


def build_people(settings: Settings, pool: Pooled) -> People:
    """Accounts, log-in and sessions over the pool."""
    terms = PeopleTerms(
        session_idle=timedelta(hours=settings.session_idle_hours),
        session_lasts=timedelta(days=settings.session_days),
    )
    return People.over(PostgresPeople(pool.use), terms)


def door_settings(settings: Settings) -> DoorSettings:
    """What the doors are told; raise ConfigurationError for what cannot be."""
    tiles = None
    if settings.map_tiles_url:
        tiles = MapTilesSetting(settings.map_tiles_url, settings.map_tiles_attribution)
    numbers = tuple(one.strip() for one in settings.emergency_numbers.split(",") if one.strip())
    demo = read_demo_logins(settings.demo_logins_file, settings.api_host)
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else None
    return DoorSettings(
        terms=settings.terms,
        secure=settings.secure,
        map_tiles=tiles,
        emergency_numbers=numbers,
        demo_accounts=tuple(DemoAccount(one.login, one.name, one.role, one.password) for one in demo),
        metrics_token=token,
    )


def encode_item(row: Row) -> bytes:
    """A work item's row as the stream sends it: the same shape as in the lists."""
    return shown.item(row).model_dump_json().encode()
