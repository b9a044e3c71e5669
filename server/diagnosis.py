"""What is unsafe or broken in a set-up, with advice in both languages. Pure: it is told everything that it judges."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

from server.demo_logins import is_loopback
from server.settings import Network, Settings
from server.store.facts import Facts

CLOCK_OFF = timedelta(seconds=2)
RETENTION_LATE = timedelta(hours=6)
CERTIFICATE_SOON = timedelta(days=14)
WIDEST = {4: 8, 6: 16}
"""A trusted network with a shorter prefix is more than anybody's own proxies."""
MIN_SECRET = 16


class Grade(StrEnum):
    """How bad it is."""

    BROKEN = "broken"
    """It does not work like this."""
    UNSAFE = "unsafe"
    """It works, for people whom it should not work for, too."""
    NOTE = "note"
    """Worth knowing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found; `code` is stable, the texts say what to do."""

    grade: Grade
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """Of the server: until when it holds, and whether others on the machine can read its key."""

    not_after: datetime
    key_open: bool


def of_doors(settings: Settings) -> Iterator[Finding]:
    """How browsers reach the server."""
    public = not is_loopback(settings.api_host)
    behind_proxy = settings.tls is None and settings.public_url is not None
    if public and not settings.secure:
        yield _unsafe(
            "no_tls",
            f"服务器监听 {settings.api_host}，但没有 TLS：密码会明文传输。请设置 REDWHISTLE_TLS_CERT_FILE 和"
            " REDWHISTLE_TLS_KEY_FILE，或只监听 127.0.0.1 并由带 TLS 的代理转发",
            f"the server listens on {settings.api_host} without TLS: passwords travel in the open. Set"
            " REDWHISTLE_TLS_CERT_FILE and REDWHISTLE_TLS_KEY_FILE, or listen on 127.0.0.1 behind a proxy with TLS",
        )
    if settings.public_url and not settings.secure and not is_loopback(_host(settings.public_url)):
        yield _unsafe(
            "cookie_insecure",
            "REDWHISTLE_PUBLIC_URL 是 http：登录 cookie 会明文传输。请改用 https 地址",
            "REDWHISTLE_PUBLIC_URL is http: session cookies travel in the open. Use an https address",
        )
    if behind_proxy and not settings.proxies:
        yield _unsafe(
            "proxy_unknown",
            "服务器在代理之后，但未设置 REDWHISTLE_TRUSTED_PROXIES：所有人看起来都来自代理，登录限制和 /metrics"
            " 的本机限制都会失效。请写上代理的地址",
            "the server stands behind a proxy, but REDWHISTLE_TRUSTED_PROXIES is empty: everybody seems to come from the"
            " proxy, so that limits of attempts and of /metrics do not work. Name the proxy's address",
        )
    for network in settings.proxies:
        if _too_wide(network):
            yield _unsafe(
                "proxies_too_wide",
                f"REDWHISTLE_TRUSTED_PROXIES 含 {network}：任何人都能伪造来源地址。请只写代理自己的地址",
                f"REDWHISTLE_TRUSTED_PROXIES has {network}: anybody could claim any address. Name your proxies alone",
            )
    if settings.metrics_token is not None and len(settings.metrics_token.get_secret_value()) < MIN_SECRET:
        yield _unsafe(
            "metrics_token_short",
            f"REDWHISTLE_METRICS_TOKEN 太短，至少 {MIN_SECRET} 个字符",
            f"REDWHISTLE_METRICS_TOKEN can be guessed: give {MIN_SECRET} characters or more",
        )
    if settings.demo_logins_file is not None:
        yield _note(
            "demo_logins",
            "登录页提供演示账号和密码（仅限本机演示）：正式使用请取消 REDWHISTLE_DEMO_LOGINS_FILE",
            "the log-in page offers accounts with passwords: for anything but a demo unset REDWHISTLE_DEMO_LOGINS_FILE",
        )


def of_neighbours(settings: Settings) -> Iterator[Finding]:
    """What the server talks to: broker, database, identity provider, tile server."""
    if not is_loopback(settings.mqtt_host) and settings.mqtt_ca_file is None:
        yield _unsafe(
            "mqtt_plain",
            f"到消息服务器 {settings.mqtt_host} 的连接没有 TLS。请设置 REDWHISTLE_MQTT_CA_FILE",
            f"the connection to the broker {settings.mqtt_host} has no TLS: set REDWHISTLE_MQTT_CA_FILE",
        )
    if settings.database_url is not None and _plain_database(settings.database):
        yield _unsafe(
            "database_plain",
            "到另一台机器上数据库的连接没有加密。请在 REDWHISTLE_DATABASE_URL 加上 sslmode=verify-full",
            "the connection to a database on another machine is not encrypted: add sslmode=verify-full to"
            " REDWHISTLE_DATABASE_URL",
        )
    if settings.oidc_issuer and settings.oidc_issuer.startswith("http://"):
        yield _unsafe(
            "oidc_plain",
            "REDWHISTLE_OIDC_ISSUER 是 http：登录可被冒充。请改用 https",
            "REDWHISTLE_OIDC_ISSUER is http: log-ins can be forged. Use https",
        )
    if settings.map_tiles_url:
        if settings.map_tiles_url.startswith("http://"):
            yield _unsafe(
                "map_tiles_http",
                "地图瓦片经 http 加载，可被篡改和窥视。请改用 https",
                "map tiles come by http: they can be changed and watched on the way. Use https",
            )
        yield _note(
            "map_tiles_elsewhere",
            "浏览器会向地图瓦片服务器请求：对方会知道谁在看哪里",
            "browsers ask the tile server: whoever runs it learns who looks where",
        )


def of_secrets(given: str | None) -> Iterator[Finding]:
    """A database address that was given as an argument."""
    if given is not None and conninfo_to_dict(given).get("password"):
        yield _unsafe(
            "secret_in_arguments",
            "数据库密码写在命令行里，本机所有用户都能看到。请用 REDWHISTLE_DATABASE_URL_FILE",
            "the database's password stands in the command's arguments, where every user of this machine can read it:"
            " use REDWHISTLE_DATABASE_URL_FILE",
        )


def of_certificate(certificate: Certificate, now: datetime) -> Iterator[Finding]:
    """The server's own certificate."""
    left = certificate.not_after - now
    if left <= timedelta(0):
        yield Finding(
            Grade.BROKEN,
            "certificate_expired",
            f"TLS 证书已于 {certificate.not_after:%Y-%m-%d} 过期，浏览器会拒绝。请更换",
            f"the TLS certificate ended on {certificate.not_after:%Y-%m-%d}: browsers refuse it. Renew it",
        )
    elif left < CERTIFICATE_SOON:
        yield _note(
            "certificate_soon",
            f"TLS 证书还有 {left.days} 天到期，请及时更换",
            f"the TLS certificate ends in {left.days} days: renew it",
        )
    if certificate.key_open:
        yield _unsafe(
            "key_readable",
            "本机其他用户能读 TLS 私钥。请 chmod 600",
            "other users of this machine can read the TLS key: chmod 600",
        )


def of_database(facts: Facts, now: datetime) -> Iterator[Finding]:
    """What is in the database."""
    off = abs(facts.now - now)
    if off > CLOCK_OFF:
        yield Finding(
            Grade.BROKEN,
            "clock_off",
            f"本机与数据库的时钟相差 {off.total_seconds():.0f} 秒，租约和时限会出错。请用 NTP 校时",
            f"this machine's clock and the database's differ by {off.total_seconds():.0f} s: leases and deadlines go"
            " wrong. Synchronise both (NTP)",
        )
    if facts.people and not facts.admins:
        yield Finding(
            Grade.BROKEN,
            "no_admin",
            "没有可用的管理员。请运行 redwhistle role grant LOGIN admin",
            "there is no administrator who can log in: run `redwhistle role grant LOGIN admin`",
        )
    if not facts.people:
        yield _note(
            "no_people",
            "还没有账号：服务器第一次启动时会创建 admin 并显示一次密码",
            "there is no account yet: the first start makes `admin` and shows its password once",
        )
    for login in facts.unchanged:
        yield _unsafe(
            "password_unchanged",
            f"管理员 {login} 一天多还没有修改初始密码。请登录修改，或运行 redwhistle user password {login} --random",
            f"the administrator {login} has kept the first password for more than a day: log in and change it, or run"
            f" `redwhistle user password {login} --random`",
        )
    if facts.retention_at is None or now - facts.retention_at > RETENTION_LATE:
        yield Finding(
            Grade.BROKEN if facts.retention_at is not None else Grade.NOTE,
            "dispatch_idle",
            "定时任务没有运行：租约不会到期，数据不会按期删除。请启动 redwhistle serve 或 dispatch",
            "nobody serves the timers: claims do not run out, and data is not removed in time. Start `redwhistle serve`"
            " or `redwhistle dispatch`",
        )
    if not facts.places:
        yield _note(
            "no_places",
            "还没有导入地点：redwhistle places import",
            "there are no places yet: `redwhistle places import`",
        )
    if facts.quarantined:
        yield _note(
            "quarantine",
            f"有 {facts.quarantined} 条消息无法读取，等待人看：redwhistle quarantine list",
            f"{facts.quarantined} messages could not be read and wait for somebody: `redwhistle quarantine list`",
        )


def broken(code: str, why: str) -> Finding:
    """Something that does not work, in the words of the error that said so."""
    return Finding(Grade.BROKEN, code, why, why)


def console_missing() -> Finding:
    """The console was not built."""
    return _note(
        "console_missing", "控制台尚未构建：make console", "the console is not built: `make console`"
    )


def _unsafe(code: str, zh: str, en: str) -> Finding:
    return Finding(Grade.UNSAFE, code, zh, en)


def _note(code: str, zh: str, en: str) -> Finding:
    return Finding(Grade.NOTE, code, zh, en)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _too_wide(network: Network) -> bool:
    return network.prefixlen < WIDEST[network.version]


def _plain_database(url: str) -> bool:
    told = conninfo_to_dict(url)
    hosts = [host for host in str(told.get("host") or "").split(",") if host]
    away = [host for host in hosts if not host.startswith("/") and not is_loopback(host)]
    return bool(away) and told.get("sslmode") not in ("require", "verify-ca", "verify-full")
