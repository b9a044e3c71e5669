"""One record of a file, as names and texts, into a place, a point or a company.

CSV rows and GeoJSON properties come here alike, so that both say the same about the same fault.
"""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from redwhistle.places.model import Company, ContactRole, Level, LonLat, MultiPolygon, Place, Point, PointKind

E = TypeVar("E", bound=StrEnum)

Fields = Mapping[str, str]
"""Column to text; a column that is empty may be absent."""

SEPARATOR = ";"
"""Between the tags of a place, and between its contact roles."""

PLACE_FIELDS = (
    "id",
    "parent",
    "level",
    "name_zh",
    "name_en",
    "tags",
    "households",
    "contact_roles",
    "company",
    "time_zone",
)
POINT_FIELDS = ("id", "place", "kind", "name_zh", "name_en")
COMPANY_FIELDS = ("id", "name_zh", "name_en", "red")


class BadRecord(ValueError):
    """A record that is not of the right form; the text says which field and what to write."""


def to_place(fields: Fields, location: LonLat | None, polygon: MultiPolygon | None) -> Place:
    """A place; raise BadRecord."""
    return Place(
        id=_needed(fields, "id"),
        level=_choice(Level, fields, "level"),
        name_zh=_text(fields, "name_zh"),
        parent=_text(fields, "parent") or None,
        name_en=_text(fields, "name_en"),
        location=location,
        polygon=polygon,
        tags=_list(fields, "tags"),
        households=_count(fields, "households"),
        contact_roles=tuple(
            _member(ContactRole, "contact_roles", name) for name in _list(fields, "contact_roles")
        ),
        company=_text(fields, "company") or None,
        time_zone=_text(fields, "time_zone") or None,
    )


def to_point(fields: Fields, location: LonLat | None) -> Point:
    """A point; raise BadRecord."""
    if location is None:
        raise BadRecord("a point needs its location: longitude and latitude")
    return Point(
        id=_needed(fields, "id"),
        kind=_choice(PointKind, fields, "kind"),
        place=_needed(fields, "place"),
        location=location,
        name_zh=_text(fields, "name_zh"),
        name_en=_text(fields, "name_en"),
    )


def to_company(fields: Fields) -> Company:
    """A property company; raise BadRecord."""
    red = _text(fields, "red").lower()
    if red not in _TRUE | _FALSE:
        raise BadRecord(f"red {red[:20]!r}: write true or false (is it a red property company, 红色物业?)")
    return Company(
        id=_needed(fields, "id"),
        name_zh=_text(fields, "name_zh"),
        name_en=_text(fields, "name_en"),
        red=red in _TRUE,
    )


def from_place(place: Place) -> dict[str, str]:
    """The fields of a place without its shape; empty ones are empty texts."""
    return {
        "id": place.id,
        "parent": place.parent or "",
        "level": place.level.value,
        "name_zh": place.name_zh,
        "name_en": place.name_en,
        "tags": SEPARATOR.join(place.tags),
        "households": "" if place.households is None else str(place.households),
        "contact_roles": SEPARATOR.join(place.contact_roles),
        "company": place.company or "",
        "time_zone": place.time_zone or "",
    }


def from_point(point: Point) -> dict[str, str]:
    """The fields of a point without its location."""
    return {
        "id": point.id,
        "place": point.place,
        "kind": point.kind.value,
        "name_zh": point.name_zh,
        "name_en": point.name_en,
    }


def from_company(company: Company) -> dict[str, str]:
    """The fields of a company."""
    return {
        "id": company.id,
        "name_zh": company.name_zh,
        "name_en": company.name_en,
        "red": "true" if company.red else "false",
    }


def to_degrees(text: str, name: str) -> float:
    """A finite number of degrees; raise BadRecord."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        raise BadRecord(f"{name} {text[:40]!r} is not a number of degrees, as in 102.7342")
    return value


def _text(fields: Fields, name: str) -> str:
    return fields.get(name, "").strip()


def _needed(fields: Fields, name: str) -> str:
    text = _text(fields, name)
    if not text:
        raise BadRecord(f"{name} is empty: it is needed")
    return text


def _list(fields: Fields, name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in _text(fields, name).split(SEPARATOR) if part.strip())


def _count(fields: Fields, name: str) -> int | None:
    text = _text(fields, name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise BadRecord(f"{name} {text[:40]!r} is not a whole number")
    return int(text)


def _choice(kind: type[E], fields: Fields, name: str) -> E:
    return _member(kind, name, _needed(fields, name))


def _member(kind: type[E], name: str, text: str) -> E:
    try:
        return kind(text)
    except ValueError:
        raise BadRecord(f"{name} {text[:40]!r}: write one of {', '.join(kind)}") from None


_TRUE = frozenset({"true", "yes", "1", "是"})
_FALSE = frozenset({"false", "no", "0", "否", ""})
