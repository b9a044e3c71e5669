"""The tree: frozen, checked for structure when it is made, quick to ask."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from redwhistle.errors import PlacesError
from redwhistle.places import geometry
from redwhistle.places.check import check_structure
from redwhistle.places.model import DEFAULT_TIME_ZONE, LEVELS, Company, Level, LonLat, Place, Point
from redwhistle.places.problem import raise_errors

BORDER_TOLERANCE_M = 20.0
"""Two grids whose outlines come this close are neighbours: a narrow street between them is still a border."""
CELL_DEG = 0.02
MAX_CELLS = 400


class SitePath(NamedTuple):
    """A place as a box knows it: the compound, and the building and unit where it lies that deep."""

    compound: Place
    building: Place | None
    unit: Place | None


@dataclass(frozen=True, slots=True)
class PlaceTree:
    """Places, points and companies, each in order of level and id whatever order they were given in.

    Two trees with the same content are equal. Raises PlacesError when no tree can be made of them
    (an empty one can). Every method that takes an id raises PlacesError for one that is not in the tree.
    """

    places: tuple[Place, ...] = ()
    points: tuple[Point, ...] = ()
    companies: tuple[Company, ...] = ()
    _by_id: dict[str, Place] = field(init=False, repr=False, compare=False, default_factory=dict)
    _children: dict[str | None, list[Place]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _points: dict[str, list[Point]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _cells: dict[tuple[int, int] | None, list[Place]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        if self.places or self.points:
            raise_errors(check_structure(self.places, self.points, self.companies))
        rank = {level: number for number, level in enumerate(LEVELS)}
        order = tuple(sorted(self.places, key=lambda place: (rank[place.level], _natural(place.id))))
        object.__setattr__(self, "places", order)
        object.__setattr__(self, "points", tuple(sorted(self.points, key=lambda point: _natural(point.id))))
        object.__setattr__(
            self, "companies", tuple(sorted(self.companies, key=lambda company: _natural(company.id)))
        )
        for place in self.places:
            self._by_id[place.id] = place
            self._children.setdefault(place.parent, []).append(place)
            if place.level is Level.GRID and place.polygon:
                for cell in _cells_of(geometry.bounds_of(place.polygon)):
                    self._cells.setdefault(cell, []).append(place)
        for point in self.points:
            self._points.setdefault(point.place, []).append(point)

    def __contains__(self, place_id: object) -> bool:
        return place_id in self._by_id

    def place(self, place_id: str) -> Place:
        """The place with this id."""
        try:
            return self._by_id[place_id]
        except KeyError:
            raise PlacesError(
                [f"there is no place {place_id[:80]!r}: see `redwhistle places tree`"]
            ) from None

    def find(self, place_id: str) -> Place | None:
        """The place with this id, or None."""
        return self._by_id.get(place_id)

    def roots(self) -> tuple[Place, ...]:
        """The cities."""
        return tuple(self._children.get(None, ()))

    def children(self, place_id: str) -> tuple[Place, ...]:
        """Places directly under this one."""
        return tuple(self._children.get(self.place(place_id).id, ()))

    def ancestors(self, place_id: str) -> tuple[Place, ...]:
        """From the city down to the parent; empty for a city."""
        return self.path(place_id)[:-1]

    def path(self, place_id: str) -> tuple[Place, ...]:
        """From the city down to the place itself."""
        way = [self.place(place_id)]
        while way[-1].parent is not None:
            way.append(self._by_id[way[-1].parent])
        return tuple(reversed(way))

    def descendants(self, place_id: str) -> Iterator[Place]:
        """Everything beneath, each place before what lies under it."""
        waiting = [*reversed(self.children(place_id))]
        while waiting:
            place = waiting.pop()
            yield place
            waiting += reversed(self._children.get(place.id, ()))

    def at(self, place_id: str, level: Level) -> Place | None:
        """The place itself or its ancestor of this level, or None."""
        return next((place for place in self.path(place_id) if place.level is level), None)

    def site_of(self, place_id: str) -> Place | None:
        """The compound in which the place lies (or which it is); None above compounds."""
        return self.at(place_id, Level.COMPOUND)

    def grid_of(self, place_id: str) -> Place | None:
        """The grid in which the place lies (or which it is); None above grids."""
        return self.at(place_id, Level.GRID)

    def path_within_site(self, place_id: str) -> SitePath | None:
        """Compound, building and unit of a place; None above compounds."""
        compound = self.site_of(place_id)
        if compound is None:
            return None
        return SitePath(compound, self.at(place_id, Level.BUILDING), self.at(place_id, Level.UNIT))

    def time_zone_of(self, place_id: str) -> str:
        """The IANA time zone of the place's compound; Asia/Shanghai where none is said."""
        site = self.site_of(place_id)
        return (site.time_zone if site else None) or DEFAULT_TIME_ZONE

    def company_of(self, place_id: str) -> Company | None:
        """The property company that serves the place's compound."""
        site = self.site_of(place_id)
        wanted = site.company if site else None
        return next((company for company in self.companies if company.id == wanted), None)

    def points_at(self, place_id: str) -> tuple[Point, ...]:
        """Points of the place itself."""
        return tuple(self._points.get(self.place(place_id).id, ()))

    def points_in(self, place_id: str) -> tuple[Point, ...]:
        """Points of the place and of everything beneath it."""
        found = list(self.points_at(place_id))
        for place in self.descendants(place_id):
            found += self._points.get(place.id, ())
        return tuple(found)

    def neighbours(self, grid_id: str, tolerance_m: float = BORDER_TOLERANCE_M) -> tuple[Place, ...]:
        """Grids whose outline comes within `tolerance_m` of this grid's, a shared corner included; by id.

        Empty for a grid without a polygon. Raises PlacesError when the place is not a grid.
        """
        grid = self.place(grid_id)
        if grid.level is not Level.GRID:
            raise PlacesError([f"{grid_id!r} is a {grid.level}, not a grid: only grids have neighbours"])
        if not grid.polygon:
            return ()
        return tuple(
            other
            for other in self._grids_around(geometry.widen(geometry.bounds_of(grid.polygon), tolerance_m))
            if other is not grid
            and other.polygon
            and geometry.border_distance_m(grid.polygon, other.polygon, tolerance_m) <= tolerance_m
        )

    def grids_near(self, location: LonLat, distance_m: float = 0.0) -> tuple[Place, ...]:
        """Grids that hold `location` or come within `distance_m` of it; by id."""
        lon, lat = location
        return tuple(
            grid
            for grid in self._grids_around(geometry.widen((lon, lat, lon, lat), distance_m))
            if grid.polygon and geometry.distance_m(grid.polygon, location) <= distance_m
        )

    def _grids_around(self, reach: geometry.Bounds) -> list[Place]:
        found: dict[str, Place] = {}
        cells = _cells_of(reach)
        keys = list(self._cells) if None in cells else [*cells, None]
        for key in keys:
            for grid in self._cells.get(key, ()):
                if grid.polygon and geometry.overlap(geometry.bounds_of(grid.polygon), reach):
                    found[grid.id] = grid
        return [found[grid_id] for grid_id in sorted(found, key=_natural)]


def _natural(name: str) -> tuple[list[str | int], str]:
    """A key that puts b2 before b10."""
    return [int(part) if part.isdigit() else part for part in _NUMBERS.split(name)], name


def _cells_of(bounds: geometry.Bounds) -> list[tuple[int, int] | None]:
    """The cells of a coarse net that a box covers; None stands for too many to list."""
    west, south, east, north = (math.floor(value / CELL_DEG) for value in bounds)
    if (east - west + 1) * (north - south + 1) > MAX_CELLS:
        return [None]
    return [(x, y) for x in range(west, east + 1) for y in range(south, north + 1)]


_NUMBERS = re.compile(r"([0-9]+)")
