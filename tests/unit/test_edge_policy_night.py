"""Night: what differs, when it is, and what holds while nobody knows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.agent.observation import Moment
from edge.agent.policy.camera import CameraRules
from edge.agent.policy.night import analyse_fps, rules_of_day, stricter_zone
from edge.agent.policy.schedule import NightRules, Part, part_at, part_of, zone_of
from edge.agent.sources.camera_settings import CameraSettings

RULES: dict[str, Any] = {
    "zones": [
        {"name": "gate", "limit": 30, "for_s": 20, "clear_below": 25},
        {"name": "stairs", "limit": 8, "loiter_s": 600},
    ],
    "flame": {"score_min": 0.5, "hits": 4, "share": 0.6, "window_s": 6},
    "night": {
        "from": "22:00",
        "until": "06:00",
        "zones": {
            "gate": {"limit": 10, "clear_below": 8, "for_s": 30},
            "stairs": {"loiter_s": 120},
        },
        "flame": {"score_min": 0.6, "hits": 3},
        "smoke": {"window_s": 8},
        "analyse_fps": 2,
    },
}
CAMERA = CameraRules.model_validate(RULES)
# 2026-11-22 00:00 in Shanghai is 16:00 UTC of the day before.
MIDNIGHT_MS = 1_795_276_800_000


@pytest.mark.parametrize(
    ("start", "until", "night", "day"),
    [
        ("22:00", "06:00", ["22:00", "23:59", "00:00", "05:59"], ["06:00", "12:00", "21:59"]),
        ("00:30", "05:00", ["00:30", "04:59"], ["00:29", "05:00", "23:00"]),
    ],
)
def test_the_hours(start: str, until: str, night: list[str], day: list[str]) -> None:
    rules = NightRules.model_validate({"from": start, "until": until})

    def part(text: str) -> Part:
        return part_of(rules, int(text[:2]) * 60 + int(text[3:]))

    assert {part(text) for text in night} == {Part.NIGHT}
    assert {part(text) for text in day} == {Part.DAY}


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_night_and_its_opposite_share_the_day(start: int, until: int, minute: int) -> None:
    if start != until:
        texts = [f"{each // 60:02d}:{each % 60:02d}" for each in (start, until)]
        one = NightRules.model_validate({"from": texts[0], "until": texts[1]})
        other = NightRules.model_validate({"from": texts[1], "until": texts[0]})
        assert part_of(one, minute) is not part_of(other, minute)


def test_local_time_counts_and_an_unset_clock_is_neither_day_nor_night() -> None:
    night = CAMERA.night

    def at(hours: float, *, synced: bool = True) -> Part:
        return part_at(night, Moment(MIDNIGHT_MS + round(3_600_000 * hours), 5, synced))

    assert [at(h) for h in (-2.01, -2, 0, 5.99, 6, 12)] == [
        Part.DAY, Part.NIGHT, Part.NIGHT, Part.NIGHT, Part.DAY, Part.DAY,
    ]  # fmt: skip
    assert at(0, synced=False) is at(12, synced=False) is Part.UNKNOWN
    assert part_at(None, Moment(0, 0, synced=False)) is Part.DAY
    urumqi = NightRules.model_validate({"from": "22:00", "until": "06:00", "timezone": "Europe/Berlin"})
    assert part_at(urumqi, Moment(MIDNIGHT_MS, 0, synced=True)) is Part.DAY


def test_shanghai_needs_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    import zoneinfo

    zoneinfo.ZoneInfo.clear_cache()
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=())
    try:
        monkeypatch.setitem(__import__("sys").modules, "tzdata", None)
        assert zone_of("Asia/Shanghai").utcoffset(None) is not None
        with pytest.raises(ValueError, match="install tzdata"):
            zone_of("Europe/Berlin")
    finally:
        zoneinfo.reset_tzpath(to=before)
        zoneinfo.ZoneInfo.clear_cache()


def test_the_night_changes_what_it_names_and_nothing_else() -> None:
    variants = rules_of_day(CAMERA)
    assert variants.at(Part.DAY) is CAMERA
    gate, stairs = variants.night.zones
    assert (gate.limit, gate.clear_below, gate.for_s, gate.loiter_s) == (10, 8, 30, None)
    assert (stairs.limit, stairs.loiter_s) == (8, 120)
    assert (variants.night.flame.score_min, variants.night.flame.hits, variants.night.flame.share) == (
        0.6,
        3,
        0.6,
    )
    assert (variants.night.smoke.window_s, variants.night.smoke.hits) == (8, CAMERA.smoke.hits)
    assert variants.night.lines == CAMERA.lines
    assert [analyse_fps(CAMERA, part, 4) for part in Part] == [4, 2, 4]


def test_while_nobody_knows_the_stricter_of_both_holds() -> None:
    gate, stairs = rules_of_day(CAMERA).unknown.zones
    assert (gate.limit, gate.for_s, gate.clear_below) == (10, 20, 8)
    assert stairs.loiter_s == 120
    flame = rules_of_day(CAMERA).unknown.flame
    assert (flame.score_min, flame.hits, flame.share) == (0.5, 3, 0.6)


zones = st.fixed_dictionaries(
    {
        "name": st.just("z"),
        "limit": st.integers(0, 50),
        "for_s": st.floats(0, 60),
        "stay_s": st.floats(0, 60),
    },
    optional={"loiter_s": st.floats(0, 600), "clear_below": st.integers(0, 1)},
)


@given(zones, zones)
def test_the_stricter_zone_is_a_zone_and_no_laxer_than_either(a: dict[str, Any], b: dict[str, Any]) -> None:
    from edge.agent.policy.crowd import ZoneRules

    one, other = ZoneRules.model_validate(a), ZoneRules.model_validate(b)
    both = stricter_zone(one, other)
    assert both == stricter_zone(other, one)
    ZoneRules.model_validate(both.model_dump())
    for each in (one, other):
        assert both.limit <= each.limit
        assert both.for_s <= each.for_s
        assert each.loiter_s is None or (both.loiter_s is not None and both.loiter_s <= each.loiter_s)


@pytest.mark.parametrize(
    ("night", "words"),
    [
        ({"from": "25:00", "until": "06:00"}, "pattern"),
        ({"from": "22:00"}, "until"),
        ({"from": "22:00", "until": "22:00"}, "begins when it ends"),
        ({"from": "22:00", "until": "06:00", "timezone": "Asia/Kunming"}, "no time zone 'Asia/Kunming'"),
        ({"from": "22:00", "until": "06:00", "zones": {"gat": {"limit": 1}}}, "there are: gate, stairs"),
        (
            {"from": "22:00", "until": "06:00", "zones": {"gate": {"limit": 1}}},
            "night.zones.gate.*clear_below",
        ),
        (
            {"from": "22:00", "until": "06:00", "flame": {"lasts_s": 7}},
            "night.flame.*lasts_s must not exceed",
        ),
        ({"from": "22:00", "until": "06:00", "flame": {"hit": 7}}, "hit"),
    ],
)
def test_a_night_that_cannot_be_is_explained(night: dict[str, Any], words: str) -> None:
    section = {"type": "camera", "device": "cam", "url": "x.avi"}
    with pytest.raises(ValidationError, match=words):
        CameraSettings.model_validate({**section, "rules": {**RULES, "night": night}})
    CameraSettings.model_validate({**section, "rules": RULES})
