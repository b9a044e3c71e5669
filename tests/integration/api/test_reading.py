"""What people see through the doors, and what they do not."""

import pytest

from tests.integration.api.conftest import House
from tests.integration.api.world import EVIDENCE, JPEG

pytestmark = pytest.mark.servers
V1 = "/api/v1"


def numbers(house: House, login: str, path: str) -> set[int]:
    answer = house.client(login).get(V1 + path)
    assert answer.status_code == 200, answer.text
    return {one["number"] for one in answer.json()["items"]}


def test_the_queue_is_limited_to_the_scope(house: House) -> None:
    s = house.seeded
    assert numbers(house, "zhangwei", "/queue") == {s.fire}
    assert numbers(house, "heping", "/queue") == {s.gate}
    assert numbers(house, "liuyang", "/queue") == {s.fire, s.gate}
    assert numbers(house, "wangfang", "/queue?state=all") == {s.fire, s.closed}
    assert numbers(house, "chenjing", "/queue") == {s.fire, s.gate, s.gone}
    assert numbers(house, "zhangwei", "/queue?exercise=e7") == {s.drill}
    assert numbers(house, "zhangwei", "/queue?exercise=*&state=all") == {s.fire, s.drill, s.closed}


def test_alerts_are_limited_and_searched(house: House) -> None:
    assert len(numbers(house, "liuyang", "/alerts")) == 2
    assert len(numbers(house, "zhangwei", "/alerts?state=all")) == 2
    assert len(numbers(house, "liuyang", "/alerts?q=锦和")) == 1
    assert len(numbers(house, "liuyang", "/alerts?hazard=fire")) == 1
    assert numbers(house, "zhangwei", "/alerts?q=锦和") == set()


def test_an_item_has_its_story(house: House) -> None:
    answer = house.client("zhangwei").get(f"{V1}/queue/{house.seeded.fire}").json()
    assert answer["item"]["path"][-1]["name_zh"] == "2单元"
    assert answer["item"]["location"] == [102.705, 25.035]
    assert answer["item"]["evidence"] == 1
    assert answer["history"][0]["act"] == "raise"
    assert answer["alert"]["sources"] == 2
    assert {shape["id"] for shape in answer["sketch"]["polygons"]} == {"jinyuan", "jinsha-g3"}
    assert [point["kind"] for point in answer["sketch"]["points"]] == ["exit"]
    people = {(one["role"], one["person"]["login"]) for one in answer["contacts"] if one["person"]}
    assert people == {
        ("grid_worker", "zhangwei"),
        ("grid_worker", "lina"),
        ("property_manager", "wangfang"),
        ("command_centre", "liuyang"),
    }


def test_an_alert_says_why(house: House) -> None:
    found = house.client("zhangwei").get(f"{V1}/alerts?state=all").json()["items"]
    number = next(one["number"] for one in found if one["hazard"] == "fire")
    answer = house.client("zhangwei").get(f"{V1}/alerts/{number}").json()
    assert answer["log"][0]["why"]["rule"] == "fire.two"
    assert answer["suppressed"][0]["reason"] == "cooldown"
    assert answer["item"]["number"] == house.seeded.fire
    assert [one["id"] for one in answer["evidence"]] == [str(EVIDENCE)]
    assert house.client("chenjing").get(f"{V1}/alerts/{number}").json()["evidence"] == []


def test_boxes_show_their_gaps_and_devices_how_alive_they_are(house: House) -> None:
    boxes = house.client("zhangwei").get(f"{V1}/boxes").json()["items"]
    assert [box["box"] for box in boxes] == ["jinyuan-1"]
    lane = boxes[0]["lanes"][0]
    assert (lane["received_to"], lane["holes"], lane["missing"]) == (10, [[11, 14]], 4)
    detail = house.client("zhangwei").get(f"{V1}/boxes/jinyuan-1").json()
    by_name = {one["device"]: one for one in detail["devices"]}
    assert by_name["smoke-1"]["latest"][0]["value"] == 20.0
    assert by_name["smoke-1"]["latest"][0]["unit"] == "°C"
    assert by_name["smoke-1"]["liveness"] == "live"
    assert by_name["smoke-1"]["last_event"]["kind"] == "smoke"
    assert len(by_name["smoke-1"]["open_alerts"]) == 1
    assert by_name["gate-1"]["path"][-1]["id"] == "jinyuan"


def test_readings_come_in_buckets(house: House) -> None:
    answer = house.client("zhangwei").get(
        f"{V1}/readings?device=jinyuan-1/smoke-1&metric=temperature_c&bucket_s=3600"
    )
    series = answer.json()["series"]
    assert sum(point["n"] for point in series[0]["points"]) == 10
    assert house.client("zhangwei").get(f"{V1}/readings?device=jinhe-1/smoke-1").status_code == 404
    assert (
        house.client("zhangwei")
        .get(f"{V1}/readings?device=jinyuan-1/smoke-1&device=jinhe-1/smoke-1")
        .status_code
        == 404
    )


def test_events_keep_card_hashes_to_themselves(house: House) -> None:
    answer = house.client("zhangwei").get(f"{V1}/events").json()["items"]
    assert [one["box"] for one in answer] == ["jinyuan-1"]
    assert "credential" not in answer[0]["data"]


def test_the_map_and_the_places_end_at_the_scope(house: House) -> None:
    shapes = house.client("zhangwei").get(f"{V1}/places/map").json()["features"]
    assert {one["id"] for one in shapes} == {"jinsha-g3", "jinyuan", "jinyuan-exit"}
    assert {one["id"] for one in house.client("wangfang").get(f"{V1}/places").json()["items"]} == {
        "jinyuan",
        "jinyuan-b7",
        "jinyuan-b7-u2",
    }
    detail = house.client("wangfang").get(f"{V1}/places/jinyuan").json()
    assert [one["name_zh"] for one in detail["path"]][:2] == ["昆明市", "盘龙区"]  # ancestors by name
    assert detail["counts"]["devices"] == 2
    assert house.client("wangfang").get(f"{V1}/places/jinsha-g3").status_code == 404
    assert [one["id"] for one in house.client("wangfang").get(f"{V1}/companies").json()["items"]] == ["cuihu"]


def test_paging_gives_every_row_once(house: House) -> None:
    admin = house.client("chenjing")
    for path, key in (
        ("/places", "id"),
        ("/queue?state=all&exercise=*", "number"),
        ("/alerts?state=all&exercise=*", "number"),
        ("/devices", "device"),
        ("/boxes", "box"),
        ("/people", "login"),
        ("/events", "id"),
        ("/audit", "id"),
    ):
        joint = "&" if "?" in path else "?"
        whole = admin.get(f"{V1}{path}{joint}limit=500").json()["items"]
        found, cursor = [], ""
        while True:
            page = admin.get(f"{V1}{path}{joint}limit=2{cursor}").json()
            found += page["items"]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert [one[key] for one in found] == [one[key] for one in whole], path
        assert len(found) > 1


def test_a_picture_is_seen_only_with_a_record(house: House) -> None:
    worker = house.client("zhangwei")
    assert worker.get(f"{V1}/evidence/{EVIDENCE}").json()["views"] == 0
    picture = worker.post(f"{V1}/evidence/{EVIDENCE}/view")
    assert picture.content == JPEG
    assert picture.headers["cache-control"] == "no-store"
    views = worker.get(f"{V1}/evidence/{EVIDENCE}/views").json()["items"]
    assert [(one["person"]["name"], one["item"]) for one in views] == [("张伟", house.seeded.fire)]
    assert len(house.client("liuyang").get(f"{V1}/evidence-views").json()["items"]) == 1
    assert house.client("heping").post(f"{V1}/evidence/{EVIDENCE}/view").status_code == 404
    assert house.client("chenjing").post(f"{V1}/evidence/{EVIDENCE}/view").status_code == 403


def test_a_session_tells_what_the_console_needs(house: House) -> None:
    told = house.client("zhangwei").get(f"{V1}/session").json()
    assert told["person"]["grants"][0]["place"]["name_zh"] == "金沙3网格"
    assert told["scope_places"][0]["path"][0]["id"] == "kunming"
    assert told["settings"]["map_tiles"] is None
    assert told["settings"]["demo"] is False
