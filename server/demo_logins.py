"""The log-ins that a demo offers by one click: read from a file that nobody else can read, by a server that nobody else can reach.

The file is JSON: a list of objects with `login`, `name`, `role` and `password`. `redwhistle demo` writes it.
"""

import ipaddress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from redwhistle.errors import ConfigurationError

_SETTING = "REDWHISTLE_DEMO_LOGINS_FILE"


class DemoLogin(BaseModel):
    """One log-in, with its password in the open: it is worth nothing outside the demo that made it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    login: str
    name: str
    role: str
    password: str


_LOGINS = TypeAdapter(tuple[DemoLogin, ...])


def read_demo_logins(file: Path | None, host: str) -> tuple[DemoLogin, ...]:
    """What the file holds, nothing without a file; `host` is what the server listens on.

    Raises ConfigurationError for a server that others can reach, a file that others can read, and one that is no such
    file: passwords must not be offered to anybody but the one who sits at this machine.
    """
    if file is None:
        return ()
    if not is_loopback(host):
        raise ConfigurationError(
            f"{_SETTING} offers passwords on the log-in page and is for a demo on this machine only, but the server"
            f" listens on {host}: unset it, or listen on 127.0.0.1"
        )
    try:
        mode = file.stat().st_mode
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{_SETTING}: cannot read {file}: {error}") from error
    if mode & 0o077:
        raise ConfigurationError(f"{_SETTING}: others can read {file}: chmod 600 {file}")
    try:
        return _LOGINS.validate_json(text)
    except ValidationError as error:
        where = error.errors(include_url=False, include_input=False)[0]
        raise ConfigurationError(
            f"{_SETTING}: {file} is not a list of log-ins: {where['msg']} at {where['loc']}"
        ) from error


def write_demo_logins(file: Path, logins: tuple[DemoLogin, ...]) -> None:
    """Write the file so that only its owner can read it."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600, exist_ok=False)
    file.write_bytes(_LOGINS.dump_json(logins, indent=2) + b"\n")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
