"""Ranges against the plain set of numbers that they stand for."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redwhistle.ranges import Ranges, clip, contains, count, from_numbers, holes, normalise, subtract, union

NUMBERS = st.sets(st.integers(1, 60))


def numbers_of(ranges: Ranges) -> set[int]:
    return {n for first, last in ranges for n in range(first, last + 1)}


def is_canonical(ranges: Ranges) -> bool:
    return all(a[0] <= a[1] for a in ranges) and all(a[1] + 1 < b[0] for a, b in pairwise(ranges))


@given(NUMBERS, NUMBERS)
def test_union_holds_what_either_holds(left: set[int], right: set[int]) -> None:
    result = union(from_numbers(left), from_numbers(right))
    assert numbers_of(result) == left | right
    assert is_canonical(result)


@given(NUMBERS, NUMBERS)
def test_subtract_leaves_what_only_the_left_holds(left: set[int], right: set[int]) -> None:
    rest = subtract(from_numbers(left), from_numbers(right))
    assert numbers_of(rest) == left - right
    assert is_canonical(rest)


@given(NUMBERS, st.integers(0, 62))
def test_contains_tells_members_from_strangers(numbers: set[int], number: int) -> None:
    assert contains(from_numbers(numbers), number) == (number in numbers)


@given(NUMBERS)
def test_holes_and_ranges_fill_one_to_the_highest(numbers: set[int]) -> None:
    ranges = from_numbers(numbers)
    missing = numbers_of(holes(ranges))
    assert missing == set(range(1, max(numbers, default=0) + 1)) - numbers
    assert count(ranges) == len(numbers)


@given(NUMBERS, st.integers(1, 60), st.integers(0, 20))
def test_clip_keeps_whole_ranges_that_meet_the_span(numbers: set[int], first: int, width: int) -> None:
    clipped = clip(from_numbers(numbers), first, first + width)
    assert numbers_of(clipped) >= numbers & set(range(first, first + width + 1))
    assert set(clipped) <= set(from_numbers(numbers))


def test_a_backward_range_is_refused() -> None:
    with pytest.raises(ValueError, match="backwards"):
        normalise([(5, 3)])
