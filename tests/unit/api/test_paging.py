"""Cursors: what was written is read again, and whatever else comes is refused."""

import base64
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.api.paging import cut, read_page, write_cursor
from server.api.problems import Code, ProblemError
from server.records.looking import Page

TIMES = st.datetimes(timezones=st.just(UTC))
KEYS = st.tuples(
    st.none() | TIMES,
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    st.uuids(),
)
TYPES = (datetime, int, str, UUID)


@given(KEYS)
def test_a_cursor_comes_back(keys: tuple[datetime | None, int, str, UUID]) -> None:
    assert read_page("k", 10, write_cursor("k", keys), *TYPES) == Page(10, keys)


@given(st.text(max_size=200) | st.binary(max_size=100).map(lambda b: b.decode("latin-1")))
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ProblemError) as refused:
        read_page("k", 10, text, *TYPES)
    assert refused.value.code is Code.INVALID


@given(KEYS)
def test_another_lists_cursor_is_refused(keys: tuple[datetime | None, int, str, UUID]) -> None:
    with pytest.raises(ProblemError):
        read_page("other", 10, write_cursor("k", keys), *TYPES)
    with pytest.raises(ProblemError):
        read_page("k", 10, write_cursor("k", keys), int)


@given(st.lists(st.integers(), max_size=30), st.integers(1, 10))
def test_a_page_is_cut_after_its_limit(rows: list[int], limit: int) -> None:
    page = Page(limit)
    kept, following = cut("k", page, rows[: page.fetch], lambda row: [str(row)])
    assert kept == rows[:limit]
    assert (following is None) == (len(rows) <= limit)


@pytest.mark.parametrize(
    ("key", "kind"), [(None, int), (None, str), (None, UUID), ("\ud800", str), ("a\x00", str)]
)
def test_a_key_that_no_row_has_is_refused(key: str | None, kind: type) -> None:
    """The audit's list took a null for a number, and a list of names half a character: faults of the server."""
    text = json.dumps(["k", key], ensure_ascii=True).encode()
    with pytest.raises(ProblemError) as refused:
        read_page("k", 10, base64.urlsafe_b64encode(text).decode().rstrip("="), kind)
    assert refused.value.code is Code.INVALID
