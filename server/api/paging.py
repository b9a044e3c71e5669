"""Keyset paging: a cursor holds the sort keys of the last row that was answered, opaque to clients.

A cursor is base64url of a JSON list. It says where a list goes on, never what may be seen: the scope is applied again
to each page. One that cannot be read, or that is another list's, is refused (`invalid`).
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Query

from server.api.problems import Code, ProblemError
from server.records.looking import Key, Page

DEFAULT_LIMIT = 100
MAX_LIMIT = 500
MAX_CURSOR = 1000

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="At most so many rows")]
Cursor = Annotated[str | None, Query(max_length=MAX_CURSOR, description="`next` of the page before; opaque")]
T = TypeVar("T")


def read_page(kind: str, limit: int, cursor: str | None, *types: type) -> Page:
    """The page that `cursor` leads to in lists of `kind`, whose keys have these types; raise ProblemError `invalid`."""
    if cursor is None:
        return Page(limit, None)
    try:
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        keys = _keys(found, kind, types)
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
        raise invalid("query", "cursor", "this cursor cannot be read: begin again without it") from None
    return Page(limit, keys)


def cut(
    kind: str, page: Page, rows: Sequence[T], keys: Callable[[T], Sequence[Key]]
) -> tuple[list[T], str | None]:
    """The rows of this page, and the cursor of the next one, None at the end."""
    if len(rows) <= page.limit:
        return list(rows), None
    kept = list(rows[: page.limit])
    return kept, write_cursor(kind, keys(kept[-1]))


def write_cursor(kind: str, keys: Sequence[Key]) -> str:
    """A cursor that `read_page` takes."""
    text = json.dumps([kind, *map(_write, keys)], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def invalid(where: str, name: str, text: str) -> ProblemError:
    """A refusal of one parameter, in the same form as the framework's own."""
    return ProblemError(
        Code.INVALID, f"{name}: {text}", errors=[{"loc": [where, name], "msg": text, "type": "value_error"}]
    )


def _keys(found: Any, kind: str, types: Sequence[type]) -> tuple[Key, ...]:
    if not isinstance(found, list) or len(found) != len(types) + 1 or found[0] != kind:
        raise ValueError("another list's cursor")
    return tuple(_read(value, kind_of) for value, kind_of in zip(found[1:], types, strict=True))


def _write(value: Key) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, UUID) else value


def _read(value: Any, kind: type) -> Key:
    if value is None and kind is datetime:
        return None  # an item that is not closed
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("a naive time")
        return moment.astimezone(UTC)
    if kind is UUID:
        return UUID(value)
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        if not -(2**63) <= value < 2**63:
            raise ValueError("too large")
        return value
    if kind is str and isinstance(value, str) and "\x00" not in value:
        value.encode()  # UnicodeEncodeError for half a surrogate pair, which no row has
        return value
    raise TypeError("another type")
