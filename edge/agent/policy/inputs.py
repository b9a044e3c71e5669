"""Input that cannot be read: counted, logged at a bounded rate, a fault only when it persists."""

from dataclasses import dataclass, replace

from pydantic import Field

from edge.agent.policy.latch import Turn
from edge.agent.policy.rules import Rules, Seconds, passed_s


class InputRules(Rules):
    """What counts as persistent."""

    fault_after: int = Field(default=5, ge=1)
    """Unreadable messages in a row …"""
    fault_for_s: Seconds = 60.0
    """… over at least this time make a fault."""
    log_every_s: Seconds = 60.0
    """A line in the log at most this often."""


@dataclass(frozen=True, slots=True)
class InputHealth:
    """Of one device or one topic. `total` counts for as long as the program runs."""

    total: int = 0
    in_row: int = 0
    first_bad_ms: int = 0
    faulty: bool = False
    logged_ms: int | None = None


def bad(rules: InputRules, health: InputHealth, now_ms: int) -> tuple[InputHealth, Turn | None, bool]:
    """Take an unreadable message; the last value says whether to log it."""
    log = health.logged_ms is None or passed_s(health.logged_ms, now_ms) >= rules.log_every_s
    first_ms = health.first_bad_ms if health.in_row else now_ms
    health = InputHealth(
        total=health.total + 1,
        in_row=health.in_row + 1,
        first_bad_ms=first_ms,
        faulty=health.faulty,
        logged_ms=now_ms if log else health.logged_ms,
    )
    persists = health.in_row >= rules.fault_after and passed_s(first_ms, now_ms) >= rules.fault_for_s
    if persists and not health.faulty:
        return replace(health, faulty=True), Turn.RAISED, log
    return health, None, log


def good(health: InputHealth) -> tuple[InputHealth, Turn | None]:
    """Take a readable message: it ends the row, and a fault with it."""
    return replace(health, in_row=0, faulty=False), Turn.ENDED if health.faulty else None
