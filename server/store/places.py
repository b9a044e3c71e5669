"""The tree of places in PostgreSQL: loaded whole, replaced whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg.types.json import Jsonb

from redwhistle.places.changes import Change, Changes, Kind, Use, plan
from redwhistle.places.model import (
    Company,
    ContactRole,
    Level,
    LonLat,
    MultiPolygon,
    Place,
    Point,
    PointKind,
)
from redwhistle.places.tree import PlaceTree
from server.store.connection import Connection, connect, translated
from server.store.sql import statement

_LOCK = 7_215_034_120
"""Advisory lock of the transaction: two imports go one after the other."""
_DELETE = {
    Kind.PLACE: "DELETE FROM places WHERE id = ANY (%s)",
    Kind.POINT: "DELETE FROM points WHERE id = ANY (%s)",
    Kind.COMPANY: "DELETE FROM companies WHERE id = ANY (%s)",
}


class PostgresPlaceStore:
    """Implements redwhistle.places.store.PlaceStore over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def load(self) -> PlaceTree:
        """The tree; an empty one before the first import."""
        with translated(), self._connection.transaction():
            return self._read()

    def replace(self, tree: PlaceTree, *, dry_run: bool) -> Changes:
        """Make `tree` the tree, in one transaction; raise PlacesError where it would cut off what is in use."""
        with translated(), self._connection.transaction():
            self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            changes = plan(self._read(), tree, self._read_use())
            if not dry_run:
                self._write(changes)
            return changes

    def _read(self) -> PlaceTree:
        run = self._connection.execute
        companies = run("SELECT id, name_zh, name_en, red FROM companies").fetchall()
        places = run(
            "SELECT id, parent, level, name_zh, name_en, company, time_zone, tags, households, contact_roles,"
            " polygon, location FROM places"
        ).fetchall()
        points = run("SELECT id, place, kind, name_zh, name_en, location FROM points").fetchall()
        return PlaceTree(
            places=tuple(_place(row) for row in places),
            points=tuple(
                Point(
                    id=row[0],
                    place=row[1],
                    kind=PointKind(row[2]),
                    name_zh=row[3],
                    name_en=row[4],
                    location=_lon_lat(row[5]),
                )
                for row in points
            ),
            companies=tuple(Company(*row) for row in companies),
        )

    def _read_use(self) -> dict[str, Use]:
        rows = self._connection.execute(statement("places/in_use")).fetchall()
        return {place: Use(boxes, devices, items) for place, boxes, devices, items in rows}

    def _write(self, changes: Changes) -> None:
        put: dict[Kind, list[dict[str, Any]]] = {kind: [] for kind in Kind}
        for change in (*changes.added, *changes.changed):
            put[change.kind].append(_fields(change))
        with self._connection.cursor() as cursor:
            for kind in (Kind.COMPANY, Kind.PLACE, Kind.POINT):  # references are checked at the commit
                cursor.executemany(statement(f"places/put_{kind.value}"), put[kind])
        for kind in (Kind.POINT, Kind.PLACE, Kind.COMPANY):
            gone = [change.id for change in changes.removed if change.kind is kind]
            if gone:
                self._connection.execute(_DELETE[kind], (gone,))


@contextmanager
def open_place_store(url: str) -> Iterator[PostgresPlaceStore]:
    """A store for as long as one command needs it."""
    with connect(url, name="places", autocommit=True) as connection:
        yield PostgresPlaceStore(connection)


def _place(row: tuple[Any, ...]) -> Place:
    id_, parent, level, zh, en, company, zone, tags, households, roles, polygon, location = row
    return Place(
        id=id_,
        parent=parent,
        level=Level(level),
        name_zh=zh,
        name_en=en,
        company=company,
        time_zone=zone,
        tags=tuple(tags),
        households=households,
        contact_roles=tuple(ContactRole(role) for role in roles),
        polygon=_multi_polygon(polygon),
        location=_lon_lat(location) if location is not None else None,
    )


def _fields(change: Change) -> dict[str, Any]:
    after = change.after
    if isinstance(after, Company):
        return {"id": after.id, "name_zh": after.name_zh, "name_en": after.name_en, "red": after.red}
    if isinstance(after, Point):
        return {
            "id": after.id,
            "place": after.place,
            "kind": after.kind.value,
            "name_zh": after.name_zh,
            "name_en": after.name_en,
            "location": Jsonb(after.location),
        }
    assert isinstance(after, Place)  # noqa: S101  what is added or changed has an after
    return {
        "id": after.id,
        "parent": after.parent,
        "level": after.level.value,
        "name_zh": after.name_zh,
        "name_en": after.name_en,
        "company": after.company,
        "time_zone": after.time_zone,
        "tags": list(after.tags),
        "households": after.households,
        "contact_roles": [role.value for role in after.contact_roles],
        "polygon": Jsonb(after.polygon) if after.polygon is not None else None,
        "location": Jsonb(after.location) if after.location is not None else None,
    }


def _lon_lat(value: list[float]) -> LonLat:
    return float(value[0]), float(value[1])


def _multi_polygon(value: list[list[list[list[float]]]] | None) -> MultiPolygon | None:
    if value is None:
        return None
    return tuple(tuple(tuple(_lon_lat(p) for p in ring) for ring in polygon) for polygon in value)
