"""Waiting for a condition."""

from collections.abc import Iterator

import pytest

from bench.servers.waiting import wait_for


def test_it_returns_what_it_waited_for() -> None:
    answers: Iterator[object] = iter([0, None, [], "there"])
    assert wait_for(lambda: next(answers), every_s=0) == "there"


def test_it_says_what_it_saw_last() -> None:
    with pytest.raises(TimeoutError, match=r"not within 0 s: three rows; last seen: \[\]"):
        wait_for(list[int], timeout_s=0, what="three rows")
