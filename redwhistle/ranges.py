"""Sets of sequence numbers as sorted, disjoint, inclusive ranges: pure, and cheap while there are few holes."""

from bisect import bisect_right
from collections.abc import Iterable

Ranges = tuple[tuple[int, int], ...]
"""((first, last), …): sorted, disjoint, never touching; both ends included."""


def normalise(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The same numbers in canonical form; raise ValueError for a range that runs backwards."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if last < first:
            raise ValueError(f"a range runs backwards: {first}..{last}")
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def from_numbers(numbers: Iterable[int]) -> Ranges:
    """Ranges that hold exactly `numbers` (any order, repeats allowed)."""
    return normalise((number, number) for number in numbers)


def union(left: Ranges, right: Ranges) -> Ranges:
    """The numbers in either."""
    if not left or not right:
        return left or right
    if len(right) == 1 and left[-1][0] <= right[0][0] <= left[-1][1] + 1:  # the usual case: the next in line
        return (*left[:-1], (left[-1][0], max(left[-1][1], right[0][1])))
    return normalise((*left, *right))


def contains(ranges: Ranges, number: int) -> bool:
    """Whether `number` is in the set."""
    index = bisect_right(ranges, number, key=lambda r: r[0]) - 1
    return index >= 0 and ranges[index][1] >= number


def holes(ranges: Ranges) -> Ranges:
    """What is missing between 1 and the highest number held."""
    missing = []
    expected = 1
    for first, last in ranges:
        if first > expected:
            missing.append((expected, first - 1))
        expected = last + 1
    return tuple(missing)


def subtract(left: Ranges, right: Ranges) -> Ranges:
    """The numbers of `left` that are not in `right`."""
    result: list[tuple[int, int]] = []
    for first, last in left:
        at = first
        for low, high in right:
            if high < at or low > last:
                continue
            if low > at:
                result.append((at, low - 1))
            at = max(at, high + 1)
        if at <= last:
            result.append((at, last))
    return tuple(result)


def count(ranges: Ranges) -> int:
    """How many numbers are in the set."""
    return sum(last - first + 1 for first, last in ranges)


def clip(ranges: Ranges, first: int, last: int, *, at_most: int = 4096) -> Ranges:
    """The ranges that meet [first, last], whole; the highest `at_most` of them."""
    return tuple(r for r in ranges if r[1] >= first and r[0] <= last)[-at_most:]
