"""Places as three CSV tables: places.csv, points.csv, companies.csv. Polygons are well-known text in a column.

Read: UTF-8 with or without a mark, GB18030 with a note; columns in any order; optional columns may be missing.
Written: UTF-8 with a mark (Excel needs it for Chinese), every digit of every number: reading gives the same tree.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from redwhistle.places.check import Sources
from redwhistle.places.draft import Draft
from redwhistle.places.model import Company, LonLat, Place, Point
from redwhistle.places.problem import Problem, error
from redwhistle.places.record import (
    COMPANY_FIELDS,
    PLACE_FIELDS,
    POINT_FIELDS,
    BadRecord,
    from_company,
    from_place,
    from_point,
    to_company,
    to_degrees,
    to_place,
    to_point,
)
from redwhistle.places.text_file import BrokenText, decode_text
from redwhistle.places.tree import PlaceTree
from redwhistle.places.wkt import read_polygon, write_polygon

PLACES, POINTS, COMPANIES = "places.csv", "points.csv", "companies.csv"
MAX_CELL_CHARS = 131_072
"""The longest cell, a polygon's: what Python's csv module takes."""
MAX_PROBLEMS = 200

T = TypeVar("T")


def read_tables(files: Mapping[str, bytes]) -> Draft:
    """A draft of the tables given by name; places.csv is needed, the others may be missing."""
    if PLACES not in files:
        return Draft(
            unreadable=(
                error("no_places_csv", PLACES, "this table is missing: it is the one that is needed"),
            )
        )
    places = _read(files[PLACES], _PLACES)
    points = _read(files.get(POINTS), _POINTS)
    companies = _read(files.get(COMPANIES), _COMPANIES)
    return Draft(
        places=tuple(places.records),
        points=tuple(points.records),
        companies=tuple(companies.records),
        sources=Sources(tuple(places.at), tuple(points.at), tuple(companies.at)),
        unreadable=(*places.problems, *points.problems, *companies.problems),
    )


def write_tables(tree: PlaceTree) -> dict[str, bytes]:
    """The three tables by name."""
    places = (
        from_place(place)
        | _from_location(place.location)
        | {"polygon_wkt": write_polygon(place.polygon) if place.polygon else ""}
        for place in tree.places
    )
    points = (from_point(point) | _from_location(point.location) for point in tree.points)
    companies = (from_company(company) for company in tree.companies)
    return {
        PLACES: _write(_PLACES.columns, places),
        POINTS: _write(_POINTS.columns, points),
        COMPANIES: _write(_COMPANIES.columns, companies),
    }


@dataclass(frozen=True, slots=True)
class _Table(Generic[T]):
    """What a table holds: its columns in the order in which they are written, and how a row becomes a record."""

    name: str
    columns: tuple[str, ...]
    needed: tuple[str, ...]
    make: Callable[[Mapping[str, str]], T]


@dataclass(slots=True)
class _Rows(Generic[T]):
    records: list[T] = field(default_factory=list)
    at: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def _read(data: bytes | None, table: _Table[T]) -> _Rows[T]:
    rows: _Rows[T] = _Rows()
    if data is None:
        return rows
    try:
        text, note = decode_text(data, table.name, gb18030=True)
    except BrokenText as fault:
        rows.problems.append(fault.problem)
        return rows
    if note is not None:
        rows.problems.append(note)
    lines = _lines(text)
    try:
        columns = _header(next(lines, (1, []))[1], table)
        for number, cells in lines:
            where = f"{table.name} line {number}"
            try:
                rows.records.append(table.make(_row(cells, columns)))
                rows.at.append(where)
            except BadRecord as fault:
                rows.problems.append(error("bad_row", where, str(fault)))
            if len(rows.problems) >= MAX_PROBLEMS:
                rows.problems.append(
                    error("too_many", where, "reading stopped here: correct the lines before it first")
                )
                break
    except _BadTable as fault:
        rows.problems.append(error("bad_table", f"{table.name} line {fault.line}", str(fault)))
    return rows


class _BadTable(ValueError):
    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            raise _BadTable(
                start, f"not a row of a CSV table ({fault}): look for a quote that is not closed"
            ) from fault
        if any(cell.strip() for cell in cells):
            yield start, cells


def _header(cells: list[str], table: _Table[T]) -> list[str]:
    columns = [cell.strip().lower() for cell in cells]
    while columns and not columns[-1]:
        columns.pop()
    unknown = [name for name in columns if name not in table.columns]
    missing = [name for name in table.needed if name not in columns]
    if unknown:
        raise _BadTable(1, f"unknown column {unknown[0][:40]!r}: the columns are {', '.join(table.columns)}")
    if missing:
        raise _BadTable(
            1,
            f"column {missing[0]!r} is missing: the first line names the columns {', '.join(table.needed)}, …",
        )
    if len(set(columns)) < len(columns):
        raise _BadTable(1, "a column stands there twice: remove one")
    return columns


def _row(cells: list[str], columns: list[str]) -> dict[str, str]:
    if len(cells) < len(columns) or any(cell.strip() for cell in cells[len(columns) :]):
        raise BadRecord(
            f"{len(cells)} cells where the first line has {len(columns)} columns: look for a missing or extra comma"
        )
    return {name: cell for name, cell in zip(columns, cells, strict=False) if cell.strip()}


def _location(fields: Mapping[str, str]) -> LonLat | None:
    lon, lat = fields.get("lon", "").strip(), fields.get("lat", "").strip()
    if not lon and not lat:
        return None
    return to_degrees(lon, "lon"), to_degrees(lat, "lat")


def _to_place(fields: Mapping[str, str]) -> Place:
    shape = fields.get("polygon_wkt")
    return to_place(fields, _location(fields), read_polygon(shape) if shape else None)


def _to_point(fields: Mapping[str, str]) -> Point:
    return to_point(fields, _location(fields))


def _from_location(location: LonLat | None) -> dict[str, str]:
    return {"lon": repr(location[0]), "lat": repr(location[1])} if location else {"lon": "", "lat": ""}


def _write(columns: tuple[str, ...], rows: Iterator[dict[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


_PLACES: _Table[Place] = _Table(
    PLACES, (*PLACE_FIELDS, "lon", "lat", "polygon_wkt"), ("id", "parent", "level", "name_zh"), _to_place
)
_POINTS: _Table[Point] = _Table(
    POINTS, (*POINT_FIELDS, "lon", "lat"), ("id", "place", "kind", "lon", "lat"), _to_point
)
_COMPANIES: _Table[Company] = _Table(COMPANIES, COMPANY_FIELDS, ("id", "name_zh"), to_company)
