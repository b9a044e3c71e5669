"""E1: a minute without network, in three ways (`outage.py`)."""

from concurrent.futures import Future

import pytest

from tests.faults.outage import FIRST, FirstSeconds


@pytest.mark.timeout(300)
def test_a_minute_without_network_loses_nothing_of_any_second(
    outage: Future[list[FirstSeconds]],
) -> None:
    for first in outage.result(timeout=290):
        expected = first.rate * FIRST.total_seconds()
        assert abs(len(first.values) - expected) <= max(0.05 * expected, 2), first.rate
        assert first.values == list(range(first.values[0], first.values[0] + len(first.values)))
