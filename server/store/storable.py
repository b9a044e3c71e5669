"""Makes any value fit for PostgreSQL's text and jsonb: what they refuse is replaced, never raised.

An alarm must not fail to be stored because a sensor sent a NUL, half a surrogate pair or "not a number".
"""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

_DEEP = 40
_MARK = "\ufffd"


def text(value: str) -> str:
    """The text with U+FFFD where a NUL or a lone surrogate stood."""
    if value.isascii():
        return value.replace("\x00", _MARK)
    clean = value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return clean.replace("\x00", _MARK)


def value(anything: Any, depth: int = 0) -> Any:
    """The value as plain JSON types: not-a-number and infinity as text, times in ISO 8601, the too deep cut off."""
    if anything is None or isinstance(anything, bool):
        return anything
    if isinstance(anything, str):
        return text(anything)
    if isinstance(anything, int):
        return int(anything) if anything.bit_length() < 1024 else hex(anything)
    if isinstance(anything, float):
        return anything if math.isfinite(anything) else str(anything)
    if isinstance(anything, datetime):
        return anything.isoformat()
    if depth > _DEEP:
        return "…"
    if isinstance(anything, Mapping):
        return {text(str(key)): value(one, depth + 1) for key, one in anything.items()}
    if isinstance(anything, set | frozenset):
        return sorted((value(one, depth + 1) for one in anything), key=str)
    if isinstance(anything, Iterable) and not isinstance(anything, bytes | bytearray):
        return [value(one, depth + 1) for one in anything]
    return text(str(anything))


def dumps(anything: Any) -> str:
    """JSON text that jsonb takes."""
    return json.dumps(value(anything), ensure_ascii=False, separators=(",", ":"))
