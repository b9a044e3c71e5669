"""Presses of a call button: each is an event; the same one again within two seconds is the radio's echo. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import Field

from edge.agent.policy.rules import Rules, passed_s


class PressRules(Rules):
    """When a press is the same press."""

    echo_s: float = Field(default=2.0, ge=0, le=10)
    """Counted from the press that was said: somebody who keeps pressing is heard again and again."""


@dataclass(frozen=True, slots=True)
class Presses:
    """When each (action, test) was said last, monotonic milliseconds."""

    said_ms: Mapping[tuple[str, bool], int] = field(default_factory=dict)


def hear(
    rules: PressRules, presses: Presses, action: str, now_ms: int, *, test: bool
) -> tuple[Presses, bool]:
    """Take a press; True: say it. A test never swallows a real press, nor one action another."""
    key = (action, test)
    last_ms = presses.said_ms.get(key)
    if last_ms is not None and passed_s(last_ms, now_ms) < rules.echo_s:
        return presses, False
    return Presses({**presses.said_ms, key: now_ms}), True
