"""Messages as a box would send them, made by hand: for bad ones, and for ones that no agent would send."""

import json
import time
from typing import Any

import uuid_utils.compat

EPOCH = "e" * 32
BOOT = "b" * 32


def now_ms() -> int:
    """Wall time in ms."""
    return time.time_ns() // 1_000_000


def event(seq: int, device: str, kind: str, **more: Any) -> dict[str, Any]:
    """One event with a fresh id."""
    return {
        "seq": seq,
        "id": str(uuid_utils.compat.uuid7()),
        "device": device,
        "kind": kind,
        "at_ms": now_ms(),
        "mono_ms": 1000,
        "boot": BOOT,
        "synced": True,
    } | more


def block(first: int, count: int, *, device: str = "sensor", **more: Any) -> dict[str, Any]:
    """A block of readings with numbers from `first`."""
    return {
        "boot": BOOT,
        "synced": True,
        "series": [[device, "sample"]],
        "seq": list(range(first, first + count)),
        "row_series": [0] * count,
        "value": [float(n) for n in range(count)],
        "at_ms": [now_ms()] * count,
        "mono_ms": [1000] * count,
    } | more


def envelope(site: str, box: str, lane: str, *, epoch: str = EPOCH, **more: Any) -> bytes:
    """An envelope as JSON."""
    return json.dumps(
        {
            "v": 1,
            "site": site,
            "box": box,
            "epoch": epoch,
            "lane": lane,
            "sent": {"at_ms": now_ms(), "mono_ms": 2000, "boot": BOOT, "synced": True},
        }
        | more
    ).encode()
