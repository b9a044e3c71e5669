"""What a server process is told: arguments first, then the environment. Nothing is read at import.

Every setting `x` can come from REDWHISTLE_X; a secret may also come from the file that REDWHISTLE_X_FILE names.
"""

import ipaddress
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from redwhistle.errors import ConfigurationError
from server.alerts.terms import Terms, parse_deadlines

PREFIX = "REDWHISTLE_"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_SECRETS = ("database_url", "mqtt_password", "oidc_client_secret", "metrics_token")


class Settings(BaseModel):
    """One process's settings. `read` makes them from the environment and overrides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: SecretStr | None = None
    mqtt_host: str = "127.0.0.1"
    mqtt_port: Annotated[int, Field(ge=1, le=65535)] = 1883
    mqtt_username: str | None = None
    mqtt_password: SecretStr | None = None
    mqtt_ca_file: Path | None = None
    """Turns TLS on; the broker's certificate must be signed by it."""
    mqtt_cert_file: Path | None = None
    mqtt_key_file: Path | None = None
    rules_file: Path | None = None
    """A rule pack of your own; the default pack otherwise."""
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Answer /metrics on 127.0.0.1; 0: not."""
    keep_readings_days: Annotated[int, Field(ge=8)] = 30
    keep_minutes_days: Annotated[int, Field(ge=8)] = 180
    keep_hours_days: Annotated[int, Field(ge=8)] = 1100
    keep_events_days: Annotated[int, Field(ge=8)] = 1100
    keep_evidence_hours: Annotated[int, Field(ge=1, le=24 * 90)] = 72
    """How long the picture of an alarm is kept; its record and who looked at it stay."""
    api_host: str = "127.0.0.1"
    """Where the API and the console listen; `0.0.0.0` or `::` for everybody (then with TLS, or behind a proxy that has it)."""
    api_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """0: any free one."""
    api_connections: Annotated[int, Field(ge=2, le=200)] = 10
    """How many connections to the database answer requests; the stream has one of its own."""
    public_url: Annotated[str | None, Field(pattern=r"^https?://[^/?#@\s]+/?$")] = None
    """How browsers reach the server, for example `https://rw.example.org`; needed behind a proxy and for OpenID Connect."""
    tls_cert_file: Path | None = None
    """PEM of the server's certificate with its chain; with `tls_key_file` the API answers by TLS only."""
    tls_key_file: Path | None = None
    trusted_proxies: str = ""
    """Networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: `10.0.0.0/8, 192.168.1.5`."""
    session_idle_hours: Annotated[float, Field(gt=0, le=24 * 31)] = 12
    session_days: Annotated[float, Field(gt=0, le=90)] = 7
    oidc_issuer: str | None = None
    """Address of an OpenID Connect provider; with it people can log in there."""
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_name: str = "统一登录"
    """What the log-in page calls the provider."""
    oidc_login_claim: str = "preferred_username"
    map_tiles_url: Annotated[str | None, Field(pattern=r"^https?://[^\s\"'<>;,\\]+$")] = None
    """A tile server for the map, with {z}, {x}, {y}; browsers load from it. None by default: no request leaves the server."""
    map_tiles_attribution: str = ""
    map_tiles_datum: Literal["wgs84", "gcj02"] = "wgs84"
    """What the tiles are drawn in: Chinese web maps are in gcj02. Only what is laid over them is moved."""
    emergency_numbers: str = "119, 110, 120"
    """What the console offers to dial, in this order."""
    metrics_token: SecretStr | None = None
    """Whoever sends it may read /metrics from another machine."""
    request_max_bytes: Annotated[int, Field(ge=1024, le=64 * 2**20)] = 2**20
    rate_per_minute_account: Annotated[int, Field(ge=10)] = 600
    rate_per_minute_address: Annotated[int, Field(ge=10)] = 1200
    demo_logins_file: Path | None = None
    """Log-ins that the log-in page offers by one click; for a demo on this machine only."""
    console_dir: Path | None = None
    """The built console, instead of the one that came with the program."""
    claim_minutes: Annotated[float, Field(gt=0, le=1440)] = 15
    """How long a claim holds unless its owner does something."""
    undo_seconds: Annotated[float, Field(ge=0, le=600)] = 10
    """How long a resolve or false alarm can be undone before the item is closed."""
    deadlines: str = ""
    """Minutes until somebody must have come: `1=3, 2=5, device.3=240`; what is left out keeps its default."""

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None, **overrides: Any) -> Self:
        """Overrides that are not None win over the environment; raise ConfigurationError naming the setting."""
        environment = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for name in cls.model_fields:
            text = environment.get(PREFIX + name.upper())
            if text is None and name in _SECRETS:
                text = _from_file(environment, name)
            if text:
                values[name] = text
        values.update({name: value for name, value in overrides.items() if value is not None})
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            name = str(fault["loc"][0]) if fault["loc"] else "settings"
            raise ConfigurationError(f"{PREFIX}{name.upper()}: {fault['msg']}") from error

    def replaced(self, **changes: Any) -> Self:
        """The same with other values, checked."""
        return self.__class__.model_validate({**self.model_dump(exclude_unset=True), **changes})

    @property
    def mqtt_port_given(self) -> bool:
        """Whether somebody asked for this port."""
        return "mqtt_port" in self.model_fields_set

    @property
    def database(self) -> str:
        """The database's address; raise ConfigurationError when none is set."""
        if self.database_url is None:
            raise ConfigurationError(
                f"no database is set: give --database-url, or set {PREFIX}DATABASE_URL"
                f" (or {PREFIX}DATABASE_URL_FILE, a file that holds it)"
            )
        return self.database_url.get_secret_value()

    @property
    def proxies(self) -> tuple[Network, ...]:
        """Networks of trusted proxies; raise ConfigurationError for a part that is none."""
        found = []
        for part in (one.strip() for one in self.trusted_proxies.split(",")):
            if not part:
                continue
            try:
                found.append(ipaddress.ip_network(part))
            except ValueError as error:
                raise ConfigurationError(
                    f"{PREFIX}TRUSTED_PROXIES: {part[:60]!r} is no network ({error}): write 10.0.0.0/8, 192.168.1.5"
                ) from error
        return tuple(found)

    @property
    def tls(self) -> tuple[Path, Path] | None:
        """Certificate and key; raise ConfigurationError for one without the other."""
        if self.tls_cert_file is None and self.tls_key_file is None:
            return None
        if self.tls_cert_file is None or self.tls_key_file is None:
            raise ConfigurationError(
                f"{PREFIX}TLS_CERT_FILE and {PREFIX}TLS_KEY_FILE belong together: set both"
            )
        return self.tls_cert_file, self.tls_key_file

    @property
    def secure(self) -> bool:
        """Whether browsers reach the server by TLS only: its own, or a proxy's as `public_url` says."""
        return self.tls is not None or (self.public_url or "").startswith("https://")

    @property
    def terms(self) -> Terms:
        """The queue's times; raise ConfigurationError for deadlines that cannot be read."""
        try:
            deadlines = parse_deadlines(self.deadlines)
        except ConfigurationError as error:
            raise ConfigurationError(f"{PREFIX}DEADLINES: {error}") from error
        return Terms(lease_s=60 * self.claim_minutes, undo_s=self.undo_seconds, deadlines=deadlines)

    @property
    def keep(self) -> dict[str, timedelta]:
        """How long each relation is kept, by its name."""
        return {
            "readings": timedelta(days=self.keep_readings_days),
            "readings_minute": timedelta(days=self.keep_minutes_days),
            "readings_hour": timedelta(days=self.keep_hours_days),
            "events": timedelta(days=self.keep_events_days),
        }

    @property
    def keep_evidence(self) -> timedelta:
        """How long pictures are kept."""
        return timedelta(hours=self.keep_evidence_hours)


def _from_file(environment: Mapping[str, str], name: str) -> str | None:
    variable = f"{PREFIX}{name.upper()}_FILE"
    path = environment.get(variable)
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{variable}: cannot read {path}: {error}") from error
