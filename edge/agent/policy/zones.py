"""Where in a picture something is: polygons in relative coordinates, 0..1, origin at the top left."""

from collections.abc import Iterable, Sequence

Point = tuple[float, float]
WHOLE_FRAME: tuple[Point, ...] = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
_EDGE = 1e-6


def contains(polygon: Sequence[Point], point: Point) -> bool:
    """True when `point` lies inside `polygon` (even-odd rule); points on the frame's rim count as in the frame."""
    x, y = (min(max(value, _EDGE), 1.0 - _EDGE) for value in point)
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def count_inside(polygon: Sequence[Point], points: Iterable[Point]) -> int:
    """How many of `points` lie inside `polygon`."""
    return sum(contains(polygon, point) for point in points)


def check_polygon(polygon: tuple[Point, ...]) -> tuple[Point, ...]:
    """The polygon as it is; raise ValueError for one that has no area or leaves the frame."""
    if len(polygon) < 3:
        raise ValueError("a polygon needs at least three corners")
    if any(not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0) for x, y in polygon):
        raise ValueError("corners are relative to the frame: each number must be in 0..1")
    if area(polygon) < 1e-6:
        raise ValueError("the polygon has no area: give the corners in order around it")
    return polygon


def area(polygon: Sequence[Point]) -> float:
    """The polygon's area as a share of the frame (shoelace formula)."""
    pairs = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2
