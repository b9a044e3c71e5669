"""Do the polygons and locations make sense? Pure; a quick look at each shape, and at each child in its parent."""

import math
from collections.abc import Iterator, Sequence

from redwhistle.places import geometry
from redwhistle.places.model import MAX_POSITIONS, Level, LonLat, MultiPolygon, Place, Point, Polygon, Ring
from redwhistle.places.problem import Problem, error, warning

BORDER_M = 10.0
"""How far a child may stick out of its parent: neighbouring outlines are rarely drawn to the metre."""


def check_shapes(
    places: Sequence[Place], points: Sequence[Point], places_at: Sequence[str], points_at: Sequence[str]
) -> list[Problem]:
    """Errors for shapes that are none, warnings for children and points outside the area they belong to."""
    found: list[Problem] = []
    known: dict[str, Place] = {}
    for place, where in zip(places, places_at, strict=True):
        faults = list(_check_place(place, where))
        found += faults
        if not any(fault.code in _UNUSABLE for fault in faults):
            known[place.id] = place
    for place, where in zip(places, places_at, strict=True):
        if place.id in known:
            found += _check_inside(place, known, where)
    for point, where in zip(points, points_at, strict=True):
        faults = list(_check_lonlat(point.location, where))
        found += faults or _check_point_inside(point, known, where)
    return found


def _check_place(place: Place, where: str) -> Iterator[Problem]:
    if place.location is not None:
        yield from _check_lonlat(place.location, where)
    if place.polygon is not None:
        yield from _check_polygon(place.polygon, where)
    elif place.level in {Level.GRID, Level.COMPOUND}:
        text = f"{place.level} {place.id!r} has no polygon: it stays off the map and gets no alerts from across its border"
        yield warning("no_polygon", where, text)


def _check_polygon(polygon: MultiPolygon, where: str) -> Iterator[Problem]:
    if not polygon or any(not part for part in polygon):
        yield error("empty_polygon", where, "the polygon has no ring: draw it or leave it out")
        return
    count = sum(len(ring) for part in polygon for ring in part)
    if count > MAX_POSITIONS:
        text = f"the polygon has {count} positions, {MAX_POSITIONS} at most: simplify it (a tolerance of a metre does)"
        yield error("too_many_positions", where, text)
        return
    for number, part in enumerate(polygon, 1):
        faults = [fault for ring in part for fault in _check_ring(ring, where, number)]
        yield from faults or _check_holes(part, where, number)


def _check_ring(ring: Ring, where: str, number: int) -> Iterator[Problem]:
    for position in ring:
        fault = next(_check_lonlat(position, where), None)
        if fault is not None:
            yield fault
            return
    if len(ring) < 4:
        text = (
            f"a ring of polygon {number} has {len(ring)} positions: 4 at least, the last equal to the first"
        )
        yield error("short_ring", where, text)
    elif ring[0] != ring[-1]:
        text = f"a ring of polygon {number} is not closed: repeat {_show(ring[0])} at its end"
        yield error("open_ring", where, text)
    elif geometry.crosses_itself(ring):
        text = f"a ring of polygon {number} crosses, touches or repeats itself: draw its outline in one go around"
        yield error("crossing_ring", where, text)
    elif geometry.area_deg2(ring) == 0:
        yield error("flat_ring", where, f"a ring of polygon {number} encloses nothing: draw its outline")


def _check_holes(part: Polygon, where: str, number: int) -> Iterator[Problem]:
    outer = part[0]
    for hole in part[1:]:
        crossing = geometry.rings_cross(outer, hole)
        outside = all(geometry.distance_m(((outer,),), position) > 0 for position in hole)
        if crossing or outside:
            yield error(
                "bad_hole", where, f"a hole of polygon {number} is not inside its outer ring: redraw it"
            )


def _check_lonlat(position: LonLat, where: str) -> Iterator[Problem]:
    lon, lat = position
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        hint = ": latitude and longitude are swapped" if abs(lon) <= 90 and 90 < abs(lat) <= 180 else ""
        text = (
            f"{_show(position)} is not longitude (-180 to 180), latitude (-90 to 90) in degrees, WGS-84{hint}"
        )
        yield error("out_of_range", where, text)


def _check_inside(place: Place, known: dict[str, Place], where: str) -> Iterator[Problem]:
    parent = _area_above(place, known)
    if place.polygon is not None and place.location is not None:
        apart = geometry.distance_m(place.polygon, place.location)
        if apart > BORDER_M:
            text = f"the location lies {_metres(apart)} outside the place's own polygon: correct one of them"
            yield warning("location_outside", where, text)
    if parent is None or parent.polygon is None:
        return
    corners = [corner for part in place.polygon or () for corner in part[0]]
    if not corners and place.location is not None:
        corners = [place.location]
    apart = max((geometry.distance_m(parent.polygon, corner) for corner in corners), default=0.0)
    if apart > BORDER_M:
        text = f"{place.id!r} reaches {_metres(apart)} outside the {parent.level} {parent.id!r}: correct one of them"
        yield warning("outside_parent", where, text)


def _check_point_inside(point: Point, known: dict[str, Place], where: str) -> list[Problem]:
    place = known.get(point.place)
    area = place if place is None or place.polygon is not None else _area_above(place, known)
    if area is None or area.polygon is None:
        return []
    apart = geometry.distance_m(area.polygon, point.location)
    if apart <= BORDER_M:
        return []
    text = f"{point.kind} {point.id!r} lies {_metres(apart)} outside the {area.level} {area.id!r}: correct one of them"
    return [warning("outside_parent", where, text)]


def _area_above(place: Place, known: dict[str, Place]) -> Place | None:
    """The nearest ancestor that has a polygon."""
    seen = {place.id}
    above = known.get(place.parent) if place.parent is not None else None
    while above is not None and above.polygon is None and above.id not in seen:
        seen.add(above.id)
        above = known.get(above.parent) if above.parent is not None else None
    return above


def _show(position: LonLat) -> str:
    return f"[{position[0]}, {position[1]}]"


def _metres(value: float) -> str:
    return f"{value:,.0f} m" if value < 10_000 else f"{value / 1000:,.0f} km"


_UNUSABLE = frozenset(
    {
        "out_of_range",
        "short_ring",
        "open_ring",
        "empty_polygon",
        "too_many_positions",
        "crossing_ring",
        "flat_ring",
    }
)
