"""Plane geometry for areas a few kilometres wide: pure Python, degrees in, metres out.

Degrees are projected on a plane that touches at the latitude in question (error below 0.5 % within 50 km).
No shape here spans the 180th meridian.
"""

import itertools
import math
from collections.abc import Iterable, Iterator

from redwhistle.places.model import LonLat, MultiPolygon, Ring

M_PER_DEGREE = 111_195.0
"""Metres of a degree of latitude on a sphere of the Earth's mean radius (6,371,009 m)."""

Segment = tuple[LonLat, LonLat]
Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


def bounds_of(polygon: MultiPolygon) -> Bounds:
    """The smallest box around all outer rings."""
    positions = [position for part in polygon for position in part[0]]
    lons = [lon for lon, _ in positions]
    lats = [lat for _, lat in positions]
    return min(lons), min(lats), max(lons), max(lats)


def widen(bounds: Bounds, distance_m: float) -> Bounds:
    """The box grown by `distance_m` on each side."""
    west, south, east, north = bounds
    by_lat = distance_m / M_PER_DEGREE
    by_lon = by_lat / _shrink(max(abs(south), abs(north)))
    return west - by_lon, south - by_lat, east + by_lon, north + by_lat


def overlap(a: Bounds, b: Bounds) -> bool:
    """Whether two boxes share at least one position."""
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def segments_of(polygon: MultiPolygon) -> Iterator[Segment]:
    """All edges of all rings."""
    for part in polygon:
        for ring in part:
            yield from itertools.pairwise(ring)


def contains(polygon: MultiPolygon, position: LonLat) -> bool:
    """Whether `position` lies inside; on the border either answer is possible (see `distance_m`)."""
    return any(_odd(part[0], position) and not any(_odd(h, position) for h in part[1:]) for part in polygon)


def distance_m(polygon: MultiPolygon, position: LonLat) -> float:
    """Metres from `position` to the area; 0 inside."""
    if contains(polygon, position):
        return 0.0
    return min((_to_segment_m(position, segment) for segment in segments_of(polygon)), default=math.inf)


def border_distance_m(a: MultiPolygon, b: MultiPolygon, limit_m: float) -> float:
    """Metres between the nearest edges of two areas; infinity when it is more than `limit_m`."""
    near_a = _near(a, widen(bounds_of(b), limit_m))
    near_b = _near(b, widen(bounds_of(a), limit_m))
    best = math.inf
    for one in near_a:
        reach = widen(_segment_bounds(one), limit_m)
        for other in near_b:
            if not overlap(reach, _segment_bounds(other)):
                continue
            if segments_cross(one, other):
                return 0.0
            apart = min(
                _to_segment_m(one[0], other),
                _to_segment_m(one[1], other),
                _to_segment_m(other[0], one),
                _to_segment_m(other[1], one),
            )
            best = min(best, apart)
    return best if best <= limit_m else math.inf


def segments_cross(a: Segment, b: Segment) -> bool:
    """Whether two edges share a position, end points included."""
    d1, d2 = _turn(b[0], b[1], a[0]), _turn(b[0], b[1], a[1])
    d3, d4 = _turn(a[0], a[1], b[0]), _turn(a[0], a[1], b[1])
    if d1 * d2 < 0 and d3 * d4 < 0:
        return True
    return (
        (d1 == 0 and _within(a[0], b))
        or (d2 == 0 and _within(a[1], b))
        or (d3 == 0 and _within(b[0], a))
        or (d4 == 0 and _within(b[1], a))
    )


def crosses_itself(ring: Ring) -> bool:
    """Whether a closed ring touches, crosses or folds back on itself other than at its corners."""
    edges = list(itertools.pairwise(ring))
    count = len(edges)
    by_west = sorted(range(count), key=lambda i: min(edges[i][0][0], edges[i][1][0]))
    active: list[int] = []
    for i in by_west:
        west = min(edges[i][0][0], edges[i][1][0])
        active = [j for j in active if max(edges[j][0][0], edges[j][1][0]) >= west]
        if any(_edges_clash(edges, i, j, count) for j in active):
            return True
        active.append(i)
    return False


def rings_cross(a: Ring, b: Ring) -> bool:
    """Whether edges of two rings properly cross; touching at a position is allowed."""
    edges_b = list(itertools.pairwise(b))
    for one in itertools.pairwise(a):
        box = _segment_bounds(one)
        for other in edges_b:
            if overlap(box, _segment_bounds(other)) and _properly_cross(one, other):
                return True
    return False


def area_deg2(ring: Ring) -> float:
    """The ring's area in square degrees, without sign: good for telling whether there is any."""
    if not ring:
        return 0.0
    lon0, lat0 = ring[0]
    return abs(
        sum(
            (x1 - lon0) * (y2 - lat0) - (x2 - lon0) * (y1 - lat0)
            for (x1, y1), (x2, y2) in itertools.pairwise(ring)
        )
        / 2
    )


def _edges_clash(edges: list[Segment], i: int, j: int, count: int) -> bool:
    a, b = edges[i], edges[j]
    if not overlap(_segment_bounds(a), _segment_bounds(b)):
        return False
    if abs(i - j) in {1, count - 1}:
        first, second = (a, b) if (i + 1) % count == j else (b, a)
        return _folds_back(first, second)
    return segments_cross(a, b)


def _folds_back(first: Segment, second: Segment) -> bool:
    (x0, y0), (x1, y1), (x2, y2) = first[0], first[1], second[1]
    straight = _turn((x0, y0), (x1, y1), (x2, y2)) == 0
    return straight and (x1 - x0) * (x2 - x1) + (y1 - y0) * (y2 - y1) <= 0


def _properly_cross(a: Segment, b: Segment) -> bool:
    return (
        _turn(b[0], b[1], a[0]) * _turn(b[0], b[1], a[1]) < 0
        and _turn(a[0], a[1], b[0]) * _turn(a[0], a[1], b[1]) < 0
    )


def _turn(a: LonLat, b: LonLat, c: LonLat) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _within(position: LonLat, segment: Segment) -> bool:
    west, south, east, north = _segment_bounds(segment)
    return west <= position[0] <= east and south <= position[1] <= north


def _segment_bounds(segment: Segment) -> Bounds:
    (x1, y1), (x2, y2) = segment
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def _near(polygon: MultiPolygon, reach: Bounds) -> list[Segment]:
    edges: Iterable[Segment] = segments_of(polygon)
    return [edge for edge in edges if overlap(_segment_bounds(edge), reach)]


def _odd(ring: Ring, position: LonLat) -> bool:
    """Whether a ray to the east meets the ring an odd number of times."""
    x, y = position
    inside = False
    for (x1, y1), (x2, y2) in itertools.pairwise(ring):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


def _to_segment_m(position: LonLat, segment: Segment) -> float:
    shrink = _shrink(position[1])
    ax, ay = (segment[0][0] - position[0]) * shrink, segment[0][1] - position[1]
    bx, by = (segment[1][0] - position[0]) * shrink, segment[1][1] - position[1]
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    along = 0.0 if length2 == 0 else max(0.0, min(1.0, -(ax * dx + ay * dy) / length2))
    return math.hypot(ax + along * dx, ay + along * dy) * M_PER_DEGREE


def _shrink(lat: float) -> float:
    """How much shorter a degree of longitude is at `lat`; bounded near the poles."""
    return max(math.cos(math.radians(min(abs(lat), 90.0))), 1e-3)
