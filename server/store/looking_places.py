"""Places, companies and the map as somebody may see them."""

from collections.abc import Sequence
from typing import Any

from redwhistle.errors import NotFound
from redwhistle.places.model import LEVELS
from server.records.looking import Page
from server.rights.scope import Scope
from server.store import storable
from server.store.connection import Connection
from server.store.looking import UNKNOWN, Row, require_place, rows
from server.store.pool import Pooled

MAX_SHAPES = 20_000
"""Outlines or points on one map."""
_NO_PLACE = {"id": None, "parent": None, "level": None, "at": None, "text": None}


class PlaceLook:
    """The tree. Safe to use from many threads."""

    def __init__(self, pool: Pooled) -> None:
        self._pool = pool

    def companies(self, scope: Scope) -> Sequence[Row]:
        """Companies of the compounds in scope."""
        with self._pool.use() as connection:
            return rows(connection, "looking/companies", scope.parameters())

    def places(
        self, scope: Scope, *, at: str | None, level: str | None, text: str | None, page: Page
    ) -> Sequence[Row]:
        """A page of places from the top of the tree down, one row more than asked for."""
        with self._pool.use() as connection:
            if at is not None:
                require_place(connection, scope, at)
            wanted = {
                **_NO_PLACE,
                "at": at,
                "level": level,
                "text": None if text is None else storable.text(text),
            }
            return _places(connection, scope, wanted, page)

    def place(self, scope: Scope, place: str) -> Row:
        """`place`, `path`, `company`, `children`, `points`, `counts`; raise NotFound."""
        with self._pool.use() as connection:
            found = _places(connection, scope, {**_NO_PLACE, "id": place}, Page(1))
            if not found:
                raise NotFound(UNKNOWN)
            here = {"place": place}
            company = rows(connection, "looking/company", {"company": found[0]["company"]})
            return {
                "place": found[0],
                "path": rows(connection, "looking/place_path", here),
                "company": company[0] if company else None,
                "children": _places(connection, scope, {**_NO_PLACE, "parent": place}, Page(5_000)),
                "points": rows(connection, "looking/place_points", here),
                "counts": rows(connection, "looking/place_counts", here)[0],
            }

    def map_of(self, scope: Scope, at: str | None) -> Row:
        """`places` with outlines and `points` in scope, at a place and below."""
        with self._pool.use() as connection:
            if at is not None:
                require_place(connection, scope, at)
            values = {"at": at, "limit": MAX_SHAPES, **scope.parameters()}
            return {
                "places": rows(connection, "looking/map_places", values),
                "points": rows(connection, "looking/map_points", values),
            }

    def scope_places(self, scope: Scope) -> Sequence[Row]:
        """Where a scope begins, each place with its `path`."""
        with self._pool.use() as connection:
            return rows(connection, "looking/scope_places", scope.parameters())


def _places(connection: Connection, scope: Scope, wanted: dict[str, Any], page: Page) -> list[Row]:
    values = {
        **wanted,
        "levels": [level.value for level in LEVELS],
        "limit": page.fetch,
        **page.keys("after_rank", "after_id"),
        **scope.parameters(),
    }
    return rows(connection, "looking/places", values)
