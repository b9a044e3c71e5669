"""The door for JSON from local devices: any bytes in, plain values or None out, and nothing raised.

Nothing of a refused payload is kept: an exception of the parser would carry the whole of it, card numbers included.
"""

import hashlib
import json
import math
import re
from typing import Any

from redwhistle.contracts.readings import Metric

MAX_PAYLOAD_BYTES = 64 * 1024
_NO_SLUG = re.compile(r"[^a-z0-9]+")
_TRUE = frozenset({"true", "on", "yes", "1", "alarm", "detected"})
_FALSE = frozenset({"false", "off", "no", "0", "clear", "normal", "none", "ok", ""})


def read_object(payload: bytes) -> dict[str, Any] | None:
    """The JSON object in `payload`, or None if it is none."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        return None
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else None


def read_flag(value: object) -> bool | None:
    """A condition in any of the ways in which devices write one; None: not said, or not understood."""
    match value:
        case bool():
            return value
        case int():
            return value != 0
        case float():
            return value != 0 if math.isfinite(value) else None
        case str():
            word = value.strip().lower()
            return True if word in _TRUE else False if word in _FALSE else None
        case _:
            return None


def read_number(value: object, low: float, high: float) -> float | None:
    """A number within `low` … `high`, or None; a bool is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Compared before it is converted: an integer of a thousand digits is no float.
    return float(value) if low <= value <= high else None


def unmapped_id(name: str) -> str:
    """A device id for a name that the configuration does not know: the same name gives the same id.

    Letters and digits of the name, and eight hex digits of its SHA-256, so that Chinese names stay apart.
    """
    slug = _NO_SLUG.sub("-", name.lower()).strip("-")[:40].strip("-")
    tail = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return "-".join(part for part in ("unmapped", slug, tail) if part)


def clean_text(text: str, limit: int = 200) -> str:
    """Text from outside as it may stand in a note: printable, no surrogates, bounded."""
    return "".join(c if c.isprintable() else "?" for c in text[:limit])


READING_LIMITS: dict[Metric, tuple[float, float]] = {
    Metric.TEMPERATURE_C: (-100.0, 1000.0),
    Metric.HUMIDITY_PCT: (0.0, 100.0),
    Metric.BATTERY_PCT: (0.0, 100.0),
    Metric.LINK_QUALITY: (0.0, 255.0),
    Metric.SIGNAL_DBM: (-150.0, 30.0),
    Metric.SMOKE_LEVEL: (0.0, 1e6),
    Metric.CO_PPM: (0.0, 1e5),
    Metric.GAS_LEL_PCT: (0.0, 100.0),
    Metric.WATER_LEVEL_M: (-100.0, 100.0),
    Metric.ACCELERATION_G: (0.0, 1000.0),
    Metric.TILT_DEG: (-180.0, 180.0),
}
"""What a local device's reading may be; anything beyond is a fault of the message."""
