"""Every code has words in both languages; times and spans as people read them; no text steers a terminal."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redwhistle.errors import ConfigurationError
from server import printing, words
from server.alerts.model import Certainty, Hazard, Quiet, Severity
from server.alerts.work_item import Act, State
from server.commands.silence import parse_moment
from server.words import Lang

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("codes", "table"),
    [
        (Hazard, words.HAZARDS),
        (State, words.STATES),
        (Act, words.ACTS),
        (Quiet, words.QUIETS),
        (Certainty, words.CERTAINTIES),
        (["raise", "repeat", "upgrade", "condition_ended", "resolved", "closed"], words.DECISIONS),
    ],
)
def test_every_code_has_words(codes: Iterable[str], table: words.Words) -> None:
    for code in codes:
        zh, en = table[code]
        assert zh != en
        assert any("\u4e00" <= c <= "\u9fff" for c in zh)
        assert en.isascii()


def test_every_grade_has_a_sign() -> None:
    assert {words.SIGNS[grade][0] for grade in Severity} == set("ⅠⅡⅢⅣ")
    assert len({words.SIGNS[grade][1] for grade in Severity}) == 4


def test_an_unknown_code_is_shown_as_it_is() -> None:
    assert words.word(words.STATES, "summoned", Lang.ZH) == "summoned"
    assert words.word(words.STATES, None, Lang.EN) == ""


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({}, Lang.ZH),
        ({"LANG": "C.UTF-8"}, Lang.ZH),
        ({"LANG": "zh_CN.UTF-8"}, Lang.ZH),
        ({"LANG": "en_US.UTF-8"}, Lang.EN),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB"}, Lang.EN),
        ({"LANG": "en_US.UTF-8", "LC_ALL": ""}, Lang.EN),
    ],
)
def test_language(environment: dict[str, str], lang: Lang) -> None:
    assert printing.pick_lang(None, environment) is lang
    assert printing.pick_lang(Lang.EN, environment) is Lang.EN


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00"), (134, "02:14"), (3599.9, "59:59"), (11100, "3h05"), (187_200, "2d4h"), (-130, "02:10")],
)
def test_spans(seconds: float, text: str) -> None:
    assert printing.span(seconds) == text


def test_moments_are_in_the_zone_of_the_place_unless_they_name_one() -> None:
    assert parse_moment("2026-05-24T08:00", SHANGHAI, NOW) == datetime(2026, 5, 24, 0, 0, tzinfo=UTC)
    assert parse_moment("2026-05-24 08:00:05", SHANGHAI, NOW) == datetime(2026, 5, 24, 0, 0, 5, tzinfo=UTC)
    assert parse_moment("2026-05-24T08:00+00:00", SHANGHAI, NOW) == datetime(2026, 5, 24, 8, 0, tzinfo=UTC)
    assert parse_moment(" NOW ", SHANGHAI, NOW) == NOW


@given(st.text(max_size=40) | st.datetimes().map(str))
def test_any_text_is_a_moment_or_a_clear_error(text: str) -> None:
    try:
        moment = parse_moment(text, SHANGHAI, NOW)
    except ConfigurationError:
        return
    assert moment.utcoffset() == timedelta(0)
    assert moment.year >= 1970


@given(st.text(st.characters(), max_size=50))
def test_no_text_steers_the_terminal(text: str) -> None:
    shown = printing.clean(text)
    assert all(c.isprintable() or c in "\n\t" for c in shown)
    assert len(shown) == len(text)
