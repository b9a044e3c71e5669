"""CEL conditions: what they see, local time, and how they fail."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.alerts.rules.condition import Condition, ConditionFailed, Facts, local_time


def _facts(**fields: Any) -> Facts:
    given_facts: dict[str, Any] = {
        "at_ms": 1_780_020_000_000,
        "timezone": "Asia/Shanghai",
        "device": ("gate-1", "gate", "box-1"),
        "place": ("b7", ("school",), ("jinyuan", "b7")),
        "item": ("gate_forced", "", 0.0, True, 2.5),
        "data": {"open_s": 12.5, "reason": "x"},
    }
    return Facts(**{**given_facts, **fields})


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ('item.kind == "gate_forced" && item.active', True),
        ("item.late_s > 2.0", True),
        ("item.data.open_s >= 12.5", True),
        ("has(item.data.score) && item.data.score > 0.5", False),
        ('device.kind == "gate" && device.id == "gate-1" && device.box == "box-1"', True),
        ('"school" in place.tags && place.id == "b7"', True),
        ('place.path.exists(p, p == "jinyuan")', True),
        ("local.hour == 10 && local.minute == 0 && local.weekday == 5", True),
        ("local.hour in [7, 8]", False),
    ],
)
def test_what_a_condition_sees(source: str, answer: bool) -> None:
    condition = Condition(source)
    assert condition.holds(_facts()) is answer
    assert condition.holds(_facts()) is answer, "also from the memo"


def test_an_answer_by_place_and_hour_is_kept_apart_for_each() -> None:
    condition = Condition('"school" in place.tags && local.hour == 10')
    assert condition.holds(_facts())
    assert not condition.holds(_facts(at_ms=1_780_020_000_000 + 3_600_000))
    assert not condition.holds(_facts(place=("b7", (), ("jinyuan", "b7"))))
    assert not condition.holds(_facts(timezone="Europe/Paris"))
    assert condition.holds(_facts())


@pytest.mark.parametrize("source", ["item.data.level > 1.0", "item.data.reason > 3", "item.data.reason"])
def test_no_answer_is_a_failure(source: str) -> None:
    with pytest.raises(ConditionFailed):
        Condition(source).holds(_facts())


@given(
    st.integers(0, 4_000_000_000_000),
    st.sampled_from(["Asia/Shanghai", "Europe/Paris", "America/New_York", "UTC"]),
)
def test_local_time_is_that_of_the_zone(at_ms: int, zone: str) -> None:
    # China kept summer time until 1991; nothing that this system judges is as old.
    at_ms = max(at_ms, 700_000_000_000)
    there = datetime.fromtimestamp(at_ms // 1000, ZoneInfo(zone))
    assert local_time(at_ms, zone) == (there.hour, there.minute, there.isoweekday())
