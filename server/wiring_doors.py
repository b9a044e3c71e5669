"""The composition root of the HTTP doors: what stands behind them, from the settings."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TextIO

from pydantic import SecretStr

from redwhistle.clock import Clock, SystemClock
from redwhistle.errors import ConfigurationError
from redwhistle.logs import get_logger
from server.alerts import rules
from server.api import shown
from server.api.application import build
from server.api.health import DatabaseHealth
from server.api.ports import BUILT_CONSOLE, DemoAccount, Doors, DoorSettings, MapTilesSetting, Row
from server.api.rates import Rates
from server.api.running import serving
from server.api.stream.hub import Hub
from server.demo_logins import read_demo_logins
from server.metrics import watch_database, watch_stream
from server.people.oidc.provider import OidcProvider, OidcSettings
from server.people.passwords import Passwords
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
from server.store.standing import read_standing

log = get_logger(part="api")


@contextmanager
def open_doors(
    settings: Settings, clock: Clock | None = None, passwords: Passwords | None = None
) -> Iterator[Doors]:
    """The doors over the settings' database; raise SchemaError for another schema. `passwords`: of another strength."""
    url = settings.database
    require_current(url)
    clock = clock or SystemClock()
    told = door_settings(settings)
    shelf = RuleShelf(load_rules(settings.rules_file))

    def pack_of(connection: Connection, ref: str) -> rules.Pack:
        return shelf.of(packs.pack_of_item(connection, ref))

    oidc = build_oidc(settings)
    pool = Pooled(url, name="api", size=settings.api_connections)
    hub = Hub(lambda stop: follow_changes(url, stop), encode_item, clock)
    try:
        yield Doors(
            clock=clock,
            people=build_people(settings, pool, passwords),
            queue=QueueLook(pool),
            places=PlaceLook(pool),
            devices=DeviceLook(pool),
            desk=ActDesk(pool, pack_of),
            evidence=EvidenceLook(pool),
            health=DatabaseHealth(lambda: check_database(pool), hub),
            settings=told,
            rates=Rates(settings.rate_per_minute_account, settings.rate_per_minute_address),
            stream=hub,
            oidc=oidc,
        )
    finally:
        hub.stop()
        pool.close()
        if oidc is not None:
            oidc.close()


@contextmanager
def serving_doors(settings: Settings, stop: threading.Event) -> Iterator[None]:
    """Answer at the settings' address while the context lasts; `stop` is set when the web server ends by itself."""
    with open_doors(settings) as doors:
        first = doors.people.accounts.start_with_admin(doors.clock.now())
        if first is not None:
            tell_first_password(first, sys.stderr)
        watch_database(lambda: read_standing(settings.database))
        hub = doors.stream
        assert hub is not None  # noqa: S101  open_doors makes one
        watch_stream(hub.figures)
        with serving(
            build(doors),
            settings.api_host,
            settings.api_port,
            tls=settings.tls,
            end_streams=hub.stop,
            failed=stop.set,
        ) as port:
            log.info("api_ready", address=address(settings, port), public_url=settings.public_url)
            yield


def address(settings: Settings, port: int) -> str:
    """Where a browser on this machine finds the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.api_host, settings.api_host)  # noqa: S104
    return f"{'https' if settings.tls else 'http'}://{host}:{port}"


def tell_first_password(password: SecretStr, out: TextIO) -> None:
    """Tell the first administrator's password, this once and nowhere else."""
    out.write(
        "\n第一次启动：管理员账号 admin，密码（只显示这一次，登录后必须修改）：\n"
        "First start: log in as admin with this password (shown this once; it must be changed at once):\n\n"
        f"    {password.get_secret_value()}\n\n"
    )
    out.flush()


def build_people(settings: Settings, pool: Pooled, passwords: Passwords | None = None) -> People:
    """Accounts, log-in and sessions over the pool."""
    terms = PeopleTerms(
        session_idle=timedelta(hours=settings.session_idle_hours),
        session_lasts=timedelta(days=settings.session_days),
    )
    return People.over(PostgresPeople(pool.use), terms, passwords)


def build_oidc(settings: Settings) -> OidcProvider | None:
    """The OpenID Connect provider that is set; raise ConfigurationError for half of one."""
    if not settings.oidc_issuer:
        return None
    if not (settings.oidc_client_id and settings.oidc_client_secret and settings.public_url):
        raise ConfigurationError(
            "log-in through OpenID Connect needs REDWHISTLE_OIDC_CLIENT_ID, REDWHISTLE_OIDC_CLIENT_SECRET_FILE and"
            " REDWHISTLE_PUBLIC_URL (the provider sends browsers back there): set all of them"
        )
    return OidcProvider(
        OidcSettings(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            redirect_url=f"{settings.public_url.rstrip('/')}/api/v1/session/oidc/callback",
            name=settings.oidc_name,
            login_claim=settings.oidc_login_claim,
        )
    )


def door_settings(settings: Settings) -> DoorSettings:
    """What the doors are told; raise ConfigurationError for what cannot be."""
    tiles = None
    if settings.map_tiles_url:
        tiles = MapTilesSetting(
            settings.map_tiles_url, settings.map_tiles_attribution, settings.map_tiles_datum
        )
    numbers = tuple(one.strip() for one in settings.emergency_numbers.split(",") if one.strip())
    demo = read_demo_logins(settings.demo_logins_file, settings.api_host)
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else None
    return DoorSettings(
        terms=settings.terms,
        host=settings.api_host,
        public_url=settings.public_url,
        proxies=settings.proxies,
        connections=settings.api_connections,
        request_max_bytes=settings.request_max_bytes,
        console_dir=settings.console_dir or BUILT_CONSOLE,
        secure=settings.secure,
        map_tiles=tiles,
        emergency_numbers=numbers,
        demo_accounts=tuple(DemoAccount(one.login, one.name, one.role, one.password) for one in demo),
        metrics_token=token,
    )


def encode_item(row: Row) -> bytes:
    """A work item's row as the stream sends it: the same shape as in the lists."""
    return shown.item(row).model_dump_json().encode()
