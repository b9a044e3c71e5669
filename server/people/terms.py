"""How long sessions last and how often somebody may try to log in."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Window:
    """So many tries in so many seconds, moving; what succeeds is taken out again."""

    tries: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Terms:
    """The limits of log-in and sessions.

    The tight window counts one account from one address, so that a stranger elsewhere cannot lock out somebody on duty;
    the account's own and the address's windows are wide and stop guessing from many addresses and over many accounts.
    """

    session_idle: timedelta = timedelta(hours=12)
    session_lasts: timedelta = timedelta(days=7)
    pair: Window = Window(5, 300)
    account: Window = Window(30, 900)
    address: Window = Window(60, 900)

    def windows(self, login: str, address: str) -> Sequence[tuple[str, Window]]:
        """The windows of one try, by key. Keys are digests: what was typed as a login may be a password."""
        network = _network(address)
        return (
            (_key("pair", login, network), self.pair),
            (_key("account", login), self.account),
            (_key("address", network), self.address),
        )

    def account_keys(self, login: str, address: str) -> tuple[str, ...]:
        """The keys that a success clears: those that name the account."""
        return _key("pair", login, _network(address)), _key("account", login)

    def stale(self, now: datetime) -> datetime:
        """A try before this time counts in no window."""
        return now - timedelta(seconds=max(self.pair.seconds, self.account.seconds, self.address.seconds))


def _network(address: str) -> str:
    """The address; of IPv6 the /64, because one line has as many addresses as it likes."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _key(*parts: str) -> str:
    return sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
