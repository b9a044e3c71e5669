"""Deadlines and times from settings: read or refused with the part at fault named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redwhistle.errors import ConfigurationError
from server.alerts.model import Hazard, Severity
from server.alerts.terms import Deadlines, parse_deadlines
from server.settings import Settings


def test_what_is_left_out_keeps_its_default() -> None:
    table = parse_deadlines("2=4.5, device.3=240,")
    assert table.minutes(Hazard.FIRE, Severity.IMPORTANT) == 4.5
    assert table.minutes(Hazard.DEVICE, Severity.NORMAL) == 240
    assert table.minutes(Hazard.GATE, Severity.NORMAL) == 15
    assert table.minutes(Hazard.FIRE, Severity.URGENT) == 3
    assert parse_deadlines("") == Deadlines()


@pytest.mark.parametrize(
    "text", ["5=1", "dragon.1=2", "1", "1=0", "1=-2", "1=nan", "1=1e9", "fire=3", "１=3"]
)
def test_what_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError, match="deadline"):
        parse_deadlines(f"2=5, {text}")


@given(st.text(max_size=40) | st.from_regex(r"([a-z]{3,8}\.)?[0-9]=[0-9.]{1,8}", fullmatch=True))
def test_any_text_is_a_table_or_a_clear_error(text: str) -> None:
    try:
        table = parse_deadlines(text)
    except ConfigurationError:
        return
    assert all(table.minutes(hazard, severity) > 0 for hazard in Hazard for severity in Severity)


def test_settings() -> None:
    terms = Settings.read({"REDWHISTLE_DEADLINES": "1=2", "REDWHISTLE_CLAIM_MINUTES": "20"}).terms
    assert (terms.lease_s, terms.undo_s) == (1200, 10)
    assert terms.deadlines.minutes(Hazard.FIRE, Severity.URGENT) == 2
    with pytest.raises(ConfigurationError, match="REDWHISTLE_DEADLINES"):
        _ = Settings.read({"REDWHISTLE_DEADLINES": "soon"}).terms
    with pytest.raises(ConfigurationError, match="CLAIM_MINUTES"):
        Settings.read({"REDWHISTLE_CLAIM_MINUTES": "0"})
