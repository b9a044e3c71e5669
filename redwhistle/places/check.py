"""Do these places hold together? Pure: values in, problems out. Shapes are looked at in `check_shapes`."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from redwhistle.contracts.ids import SLUG
from redwhistle.places.check_shapes import check_shapes
from redwhistle.places.model import (
    DEFAULT_TIME_ZONE,
    LEVEL_ZH,
    MAX_NAME_CHARS,
    PARENT_LEVELS,
    Company,
    Level,
    Place,
    Point,
)
from redwhistle.places.problem import Problem, error

_SLUG = re.compile(SLUG)
_TAG = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PERSONAL_NUMBER = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dXx])(?!\d)")
"""A mobile number or an identity card's number, as they are written in China."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where each place, point and company stood, in the same order: `places.csv line 12`."""

    places: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()


def check(
    places: Sequence[Place],
    points: Sequence[Point] = (),
    companies: Sequence[Company] = (),
    sources: Sources | None = None,
) -> list[Problem]:
    """All problems, structure first, then shapes; without `sources` a problem names the id alone."""
    at = sources or sources_by_id(places, points, companies)
    found = check_structure(places, points, companies, at)
    found += check_shapes(places, points, at.places, at.points)
    return found


def check_structure(
    places: Sequence[Place],
    points: Sequence[Point],
    companies: Sequence[Company],
    sources: Sources | None = None,
) -> list[Problem]:
    """Problems of names, identities and parents: what no tree can be built from."""
    at = sources or sources_by_id(places, points, companies)
    if not places:
        return [
            error("empty", "places", "there is no place at all: begin with one city and what lies under it")
        ]
    found = _check_ids(
        [
            *zip(places, at.places, strict=True),
            *zip(points, at.points, strict=True),
            *zip(companies, at.companies, strict=True),
        ]
    )
    known = {place.id: place for place in places}
    company_ids = {company.id for company in companies}
    for place, where in zip(places, at.places, strict=True):
        found += _check_names(place.name_zh, place.name_en, where, needs_zh=True)
        found += _check_parent(place, known, where)
        found += _check_fields(place, company_ids, where)
    found += _check_cycles(places, known, at.places)
    for point, where in zip(points, at.points, strict=True):
        found += _check_names(point.name_zh, point.name_en, where, needs_zh=False)
        if point.place not in known:
            found.append(error("unknown_place", where, _unknown("place", point.place)))
    for company, where in zip(companies, at.companies, strict=True):
        found += _check_names(company.name_zh, company.name_en, where, needs_zh=True)
    return found


def sources_by_id(places: Iterable[Place], points: Iterable[Point], companies: Iterable[Company]) -> Sources:
    """Sources that name the ids, for things that stand in no file."""
    return Sources(
        tuple(f"place {place.id}" for place in places),
        tuple(f"point {point.id}" for point in points),
        tuple(f"company {company.id}" for company in companies),
    )


def _check_ids(things: Iterable[tuple[Place | Point | Company, str]]) -> list[Problem]:
    found: list[Problem] = []
    first: dict[str, str] = {}
    for thing, where in things:
        if not _SLUG.fullmatch(thing.id):
            text = f"id {thing.id[:80]!r}: use 1 to 64 lower-case letters, digits, '.', '_', '-', a letter or digit at both ends"
            found.append(error("bad_id", where, text))
        if thing.id in first:
            text = f"id {thing.id!r} is already at {first[thing.id]}: an id names one place, point or company in the whole tree"
            found.append(error("duplicate_id", where, text))
        first.setdefault(thing.id, where)
    return found


def _check_names(name_zh: str, name_en: str, where: str, *, needs_zh: bool) -> list[Problem]:
    found: list[Problem] = []
    if needs_zh and not name_zh.strip():
        found.append(
            error("no_name_zh", where, "the Chinese name (name_zh) is missing: it is what people see first")
        )
    for column, name in (("name_zh", name_zh), ("name_en", name_en)):
        if len(name) > MAX_NAME_CHARS:
            found.append(
                error("long_name", where, f"{column} has {len(name)} characters: {MAX_NAME_CHARS} at most")
            )
        elif name != name.strip() or any(unicodedata.category(c) in _UNPRINTABLE for c in name):
            text = (
                f"{column} {name!r} has control characters, a line break, or blanks at its ends: remove them"
            )
            found.append(error("bad_name", where, text))
        elif _PERSONAL_NUMBER.search(name):
            text = f"{column} holds what looks like a mobile or identity number: places hold no personal data, remove it"
            found.append(error("personal_data", where, text))
    return found


def _check_parent(place: Place, known: dict[str, Place], where: str) -> list[Problem]:
    allowed = PARENT_LEVELS[place.level]
    name = f"{_named(place.level)} {place.id!r}"
    if place.parent is None:
        if not allowed:
            return []
        return [error("no_parent", where, f"{name} has no parent: put it under a {_either(allowed)}")]
    if not allowed:
        return [error("wrong_parent_level", where, f"{name} is the top of the tree: leave its parent empty")]
    parent = known.get(place.parent)
    if parent is None:
        return [error("unknown_parent", where, _unknown("parent", place.parent))]
    if parent.level not in allowed:
        text = (
            f"{name} stands under the {_named(parent.level)} {parent.id!r}: put it under a {_either(allowed)}"
        )
        return [error("wrong_parent_level", where, text)]
    return []


def _check_fields(place: Place, company_ids: set[str], where: str) -> list[Problem]:
    found: list[Problem] = []
    if place.households is not None and not 0 <= place.households <= 10_000_000:
        found.append(
            error("bad_households", where, f"households {place.households}: a count from 0 to 10,000,000")
        )
    found += [
        error(
            "bad_tag", where, f"tag {tag[:60]!r}: use lower-case letters, digits and '_', as in elderly_home"
        )
        for tag in place.tags
        if not _TAG.fullmatch(tag)
    ]
    if place.level is not Level.COMPOUND:
        found += [
            error(
                "not_a_compound",
                where,
                f"{column} is for compounds only: this is a {place.level}, leave it empty",
            )
            for column, value in (("company", place.company), ("time_zone", place.time_zone))
            if value is not None
        ]
        return found
    if place.company is not None and place.company not in company_ids:
        found.append(error("unknown_company", where, _unknown("company", place.company)))
    if place.time_zone is not None and not _is_time_zone(place.time_zone):
        text = f"time_zone {place.time_zone[:60]!r} is not known here: use an IANA name such as Asia/Shanghai"
        found.append(error("unknown_time_zone", where, text))
    return found


def _check_cycles(places: Sequence[Place], known: dict[str, Place], at: Sequence[str]) -> list[Problem]:
    found: list[Problem] = []
    settled: set[str] = set()
    for place, where in zip(places, at, strict=True):
        way: list[str] = []
        on_way: set[str] = set()
        here: Place | None = place
        while here is not None and here.id not in settled and here.id not in on_way:
            way.append(here.id)
            on_way.add(here.id)
            here = known.get(here.parent) if here.parent is not None else None
        if here is not None and here.id in on_way:
            ring = " → ".join([*way[way.index(here.id) :][:8], here.id])
            found.append(error("cycle", where, f"{ring} is a circle of parents: correct one of them"))
        settled |= on_way
    return found


def _is_time_zone(name: str) -> bool:
    if name == DEFAULT_TIME_ZONE:
        return True
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _unknown(what: str, name: str) -> str:
    return f"{what} {name[:80]!r} is not in these files: correct the id or add it"


def _named(level: Level) -> str:
    return f"{level} ({LEVEL_ZH[level]})"


def _either(levels: Iterable[Level]) -> str:
    return " or ".join(_named(level) for level in levels)


_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
