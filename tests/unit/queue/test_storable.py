"""Whatever a sensor sends fits into PostgreSQL's text and jsonb."""

import json
import math
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redwhistle.errors import NotFound
from server.alerts.model import Severity
from server.store import queue_rows, storable

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=20,
)


@given(ANY)
def test_anything_becomes_json_that_jsonb_takes(value: Any) -> None:
    text = storable.dumps(value)
    assert "\x00" not in text
    assert "\\u0000" not in text.replace("\\\\", "")
    text.encode()

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(text, parse_constant=refuse)


def test_what_fits_stays_as_it_is() -> None:
    value = {"烟": ["雾", 1, 2.5, True, None, {"x": "\n\t\\u0000"}]}
    assert json.loads(storable.dumps(value)) == value
    assert storable.value(Severity.URGENT) == 1
    assert storable.value(datetime(2026, 5, 1, tzinfo=UTC)) == "2026-05-01T00:00:00+00:00"


def test_what_does_not_fit_is_replaced() -> None:
    assert storable.text("a\x00b\ud800c").count("\ufffd") >= 2
    assert storable.value([math.nan, math.inf]) == ["nan", "inf"]
    assert str(storable.value(10**5000)).startswith("0x")
    deep: Any = "end"
    for _ in range(5000):
        deep = [deep]
    assert "…" in storable.dumps(deep)


@given(st.text(max_size=60))
def test_any_reference_is_a_number_an_id_or_nothing(text: str) -> None:
    try:
        named = queue_rows.reference(text)
    except NotFound:
        return
    assert (named["id"] is None) != (named["number"] is None)
    if named["id"] is not None:
        UUID(named["id"])


@pytest.mark.parametrize("text", ["7", "#7", " 7 "])
def test_numbers(text: str) -> None:
    assert queue_rows.reference(text) == {"id": None, "number": 7}
