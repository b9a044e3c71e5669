"""Plane geometry: against cases worked out by hand, and against itself under shifts."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redwhistle.places import geometry
from redwhistle.places.model import MultiPolygon, Ring


def square(west: float, south: float, size: float) -> Ring:
    east, north = west + size, south + size
    return ((west, south), (east, south), (east, north), (west, north), (west, south))


def test_inside_outside_and_in_the_hole() -> None:
    holed: MultiPolygon = ((square(0, 0, 10), square(4, 4, 2)),)
    assert geometry.contains(holed, (1, 1))
    assert not geometry.contains(holed, (5, 5))
    assert not geometry.contains(holed, (11, 5))
    assert geometry.distance_m(holed, (1, 1)) == 0


def test_distance_in_metres_at_kunmings_latitude() -> None:
    area: MultiPolygon = ((square(102.70, 25.00, 0.01),),)
    assert geometry.distance_m(area, (102.705, 25.011)) == pytest.approx(111.195, rel=1e-3)
    east = geometry.distance_m(area, (102.711, 25.005))
    assert east == pytest.approx(111.195 * math.cos(math.radians(25.005)), rel=1e-3)


def test_border_distance_of_touching_apart_and_far_areas() -> None:
    one: MultiPolygon = ((square(102.70, 25.00, 0.01),),)
    touching: MultiPolygon = ((square(102.71, 25.00, 0.01),),)
    apart: MultiPolygon = ((square(102.7101, 25.00, 0.01),),)  # about 10 m
    assert geometry.border_distance_m(one, touching, 20) == 0
    assert geometry.border_distance_m(one, apart, 20) == pytest.approx(10.08, rel=1e-2)
    assert geometry.border_distance_m(one, apart, 5) == math.inf
    assert geometry.border_distance_m(one, ((square(103.0, 25.0, 0.01),),), 20) == math.inf


@pytest.mark.parametrize(
    ("ring", "crossing"),
    [
        (square(0, 0, 1), False),
        (((0, 0), (2, 0), (0, 2), (0, 0)), False),
        (((0, 0), (2, 2), (2, 0), (0, 2), (0, 0)), True),  # a bow tie
        (((0, 0), (4, 0), (4, 4), (2, 0), (0, 4), (0, 0)), True),  # touches its own edge
        (((0, 0), (4, 0), (2, 0), (2, 3), (0, 0)), True),  # goes back on itself
        (((0, 0), (0, 0), (4, 0), (4, 4), (0, 0)), True),  # repeats a position
        (((0, 0), (2, 0), (4, 0), (4, 4), (0, 4), (0, 0)), False),  # a corner of 180 degrees
        (((0, 0), (4, 0), (4, 4), (2, 1), (0, 4), (0, 0)), False),  # a notch
    ],
)
def test_a_ring_that_crosses_or_touches_itself(ring: Ring, crossing: bool) -> None:
    assert geometry.crosses_itself(ring) is crossing
    assert geometry.crosses_itself(tuple(reversed(ring))) is crossing


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=8), st.integers(0, 7))
def test_where_a_ring_begins_does_not_matter(corners: list[tuple[int, int]], start: int) -> None:
    start %= len(corners)
    turned = [*corners[start:], *corners[:start]]
    first: Ring = tuple((float(x), float(y)) for x, y in [*corners, corners[0]])
    second: Ring = tuple((float(x), float(y)) for x, y in [*turned, turned[0]])
    assert geometry.crosses_itself(first) is geometry.crosses_itself(second)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=7))
def test_crossing_agrees_with_looking_at_every_pair(corners: list[tuple[int, int]]) -> None:
    ring: Ring = tuple((float(x), float(y)) for x, y in [*corners, corners[0]])
    edges = list(itertools.pairwise(ring))
    n = len(edges)
    apart = any(
        geometry.segments_cross(edges[i], edges[j])
        for i in range(n)
        for j in range(i + 2, n)
        if (i, j) != (0, n - 1)
    )
    if apart:
        assert geometry.crosses_itself(ring)
    elif not geometry.crosses_itself(ring):
        assert geometry.area_deg2(ring) > 0


def test_rings_that_touch_do_not_cross() -> None:
    assert not geometry.rings_cross(square(0, 0, 10), square(0, 0, 5))
    assert geometry.rings_cross(square(0, 0, 10), square(-1, 2, 5))


def test_widen_reaches_as_far_as_it_says() -> None:
    west, south, east, north = geometry.widen((102.7, 25.0, 102.7, 25.0), 1000)
    area: MultiPolygon = (((((west, south)), (east, south), (east, north), (west, north), (west, south)),),)
    assert geometry.contains(area, (102.7, 25.0))
    assert (north - south) * geometry.M_PER_DEGREE == pytest.approx(2000)
    assert (east - west) > (north - south)
