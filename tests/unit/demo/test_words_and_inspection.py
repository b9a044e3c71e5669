"""What the demo says and what its check asks for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.demo import compounds, inspection, narration, story
from server.demo.compounds import COMPOUNDS, Device
from server.demo.witness import News
from server.words import Lang

NOW = datetime(2026, 5, 24, 8, 49, tzinfo=UTC)
PATH = [
    {"id": "jinsha-g1", "level": "grid", "name_zh": "金沙第1网格", "name_en": "Jinsha grid 1"},
    {"id": "jinyuan", "level": "compound", "name_zh": "锦园", "name_en": "Jinyuan"},
]
ALL_HEARD = [(compound.box, device.id) for compound in COMPOUNDS for device in compound.devices]
CROWD = {"count": 5, "limit": 3, "dwell_s": 2.1, "basis": "moving_regions"}


def make_news(
    device: Device | None,
    kind: str,
    *,
    number: int = 1,
    decision: str = "raise",
    hazard: str = "crowd",
    certainty: str = "suspected",
    latency_ms: float | None = 40.0,
    data: dict[str, Any] | None = None,
) -> News:
    source = {"device": device.id if device else "x", "box": "jinyuan-1", "kind": kind, "data": data or {}}
    item = {
        "number": number,
        "hazard": hazard,
        "severity": 2,
        "certainty": certainty,
        "state": certainty,
        "grid": "jinsha-g1",
        "grid_zh": "金沙第1网格",
        "grid_en": "Jinsha grid 1",
        "count": 2,
        "path": PATH,
    }
    entry = {
        "decision": decision,
        "device": source["device"],
        "severity": 2,
        "certainty": certainty,
        "quiet": None,
        "why": {"title": {"zh": "题", "en": "title"}, "sources": [source]},
    }
    return News(NOW, item, {"number": number, "path": PATH}, entry, device, latency_ms)


FOUND = [
    make_news(compounds.CAMERA, "crowd_formed", number=1, data=CROWD, latency_ms=60.0),
    make_news(compounds.FIRST_SMOKE, "smoke", number=2, hazard="smoke", latency_ms=20.0),
    make_news(compounds.SECOND_SMOKE, "smoke", number=3, hazard="fire", certainty="confirmed"),
    make_news(compounds.CALL_BUTTON, "sos", number=5, hazard="emergency", latency_ms=None),
    make_news(compounds.COLUMN, "vibration", number=6, hazard="quake", latency_ms=None),
    make_news(compounds.PIT, "water_level", number=7, hazard="flood", latency_ms=None),
    make_news(compounds.BOILER, "gas", number=8, hazard="gas", latency_ms=None),
    make_news(compounds.PANEL_SMOKE, "smoke", number=9, hazard="smoke", latency_ms=None),
    make_news(compounds.NORTH_GATE, "gate_forced", number=4, hazard="gate", latency_ms=None),
    make_news(compounds.GARAGE, "gate_forced", number=10, hazard="gate", latency_ms=None),
]


def test_somebody_where_nobody_may_stay_is_said_so() -> None:
    one = CROWD | {"count": 1, "limit": 0, "basis": "people"}
    assert narration.said("crowd_formed", one, Lang.ZH) == "画面中 1 人，在不得停留的地方已 2 秒"
    assert narration.said("crowd_formed", one, Lang.EN) == "1 person where nobody may stay for 2 s"


def test_a_crowd_of_moving_regions_is_never_called_people() -> None:
    zh = narration.line(FOUND[0], Lang.ZH)
    en = narration.line(FOUND[0], Lang.EN)
    assert "5 个移动区域（不是人数）" in zh
    assert "5 moving regions (not people)" in en
    counted = narration.said("crowd_formed", {**CROWD, "basis": "people"}, Lang.ZH)
    assert "5 人" in counted
    assert "移动区域" not in counted


def test_a_line_goes_from_the_sensor_to_the_queue() -> None:
    assert narration.line(FOUND[1], Lang.ZH) == (
        "锦园 3楼烟感：发现烟雾 → 告警2 Ⅱ▲ 题 [疑似] → 金沙第1网格队列 #2 · 20 毫秒"
    )
    assert narration.line(FOUND[1], Lang.EN) == (
        "Jinyuan, smoke detector, floor 3: smoke → alert 2 Ⅱ▲ title [suspected]"
        " → queue of Jinsha grid 1, #2 · 20 ms"
    )


def test_a_persons_act_names_the_person_and_the_reason() -> None:
    entry = {"act": "resolve", "actor": "张伟", "reason": "已处理", "to_state": "resolved"}
    item = {**FOUND[1].item, "path": PATH}
    news = News(NOW, item, {"number": 2, "path": PATH}, entry, None, None)
    assert narration.line(news, Lang.ZH) == "张伟 处置完毕 #2 锦园：已处理"
    assert narration.line(news, Lang.EN) == "张伟 resolved #2 Jinyuan: 已处理"


@given(kind=st.text(max_size=20), data=st.dictionaries(st.text(max_size=8), st.text(max_size=8)))
def test_words_are_found_for_whatever_a_newer_box_says(kind: str, data: dict[str, str]) -> None:
    for lang in Lang:
        assert isinstance(narration.said(kind, {k: v for k, v in data.items() if k not in CROWD}, lang), str)


def test_an_input_line_says_where_a_card_number_ends() -> None:
    beat = next(beat for beat in story.opening() if "card" in beat.options)
    assert "哈希" in narration.input_line(beat, "mqtt …", Lang.ZH)
    assert "hash" in narration.input_line(beat, "mqtt …", Lang.EN)


def test_nothing_is_missing_when_everything_came() -> None:
    alerts = inspection.alerts_by_source(FOUND)
    assert alerts == {
        "camera": [1],
        "smoke": [2],
        "fire_confirmed": [3],
        "sos": [5],
        "vibration": [6],
        "water": [7],
        "gas": [8],
        "panel": [9],
        "gate": [4],
        "gate_http": [10],
    }
    assert inspection.what_is_missing(alerts, [], ALL_HEARD, (2, 0)) == []


@pytest.mark.parametrize("left_out", range(len(inspection.WANTED)))
def test_a_source_that_did_not_come_is_named(left_out: int) -> None:
    news = [one for number, one in enumerate(FOUND) if number != left_out]
    missing = inspection.what_is_missing(inspection.alerts_by_source(news), [], ALL_HEARD, (2, 0))
    assert missing == [f"no work item from: {inspection.WANTED[left_out]}"]


def test_a_suspected_fire_is_not_a_confirmed_one() -> None:
    news = [make_news(compounds.SECOND_SMOKE, "smoke", hazard="fire", certainty="suspected")]
    assert inspection.alerts_by_source(news)["fire_confirmed"] == []


def test_silent_devices_items_without_history_and_bare_cards_are_named() -> None:
    alerts = inspection.alerts_by_source(FOUND)
    assert inspection.what_is_missing(alerts, [7], ALL_HEARD[1:], (0, 1)) == [
        "work item 7 has no history",
        "no readings stored of: jinyuan-1/cam-south",
        "no gate event with the hash of a card is stored",
        "1 events hold a bare card number: it must not leave the box",
    ]


def test_latency_is_of_alerts_that_a_message_raised() -> None:
    repeat = make_news(compounds.FIRST_SMOKE, "smoke", decision="repeat", latency_ms=900.0)
    latency = inspection.latency_of([*FOUND, repeat])
    assert latency is not None
    assert (latency.count, latency.p50_ms, latency.max_ms) == (3, 40.0, 60.0)
    assert inspection.latency_of([]) is None
    assert inspection.crowd_basis(FOUND) == "moving_regions"


def test_readings_are_counted_of_those_that_are_heard_by_nothing_else() -> None:
    rows = [
        {"box": "jinyuan-1", "device": "siren-yard", "readings": 2},
        {"box": "jinhe-1", "device": "temp-yard", "readings": 7},
        {"box": "jinhe-1", "device": "siren-yard", "readings": 9},
        {"box": "jinyuan-1", "device": "cam-south", "readings": 5},
    ]
    assert inspection.readings_of(rows) == {"siren": 2, "replay": 7}
