"""How often one address and one account may ask: counted in memory, each process for itself.

Several processes together let through as many times more; attempts to log in are counted in the database instead.
"""

import ipaddress
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter


class Rates:
    """Two limits a minute. `hit_…` count one request and say how long to wait when it is one too many, else None."""

    def __init__(self, per_account: int, per_address: int) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._account = RateLimitItemPerMinute(per_account, namespace="account")
        self._address = RateLimitItemPerMinute(per_address, namespace="address")

    def hit_account(self, person: str) -> int | None:
        """One request of an account."""
        return self._hit(self._account, person)

    def hit_address(self, address: str) -> int | None:
        """One request from an address; of IPv6 its /64, which is one line."""
        return self._hit(self._address, network_of(address))

    def _hit(self, limit: RateLimitItemPerMinute, key: str) -> int | None:
        if self._limiter.hit(limit, key):
            return None
        reset_at_s = self._limiter.get_window_stats(limit, key).reset_time
        return max(1, round(reset_at_s - time.time()))


def network_of(address: str) -> str:
    """The address, or the /64 of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
