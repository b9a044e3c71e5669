"""The operator's desk, alerts and boxes: keys from alarm to close, the story with its reasons, and each panel on its own."""

import re
import uuid

import cv2
import numpy as np
import psycopg
from playwright.sync_api import Page, Route, expect

from bench.city import FIRST_SMOKE, SECOND_SMOKE
from server.alerts.work_item import Act
from tests.e2e.scenes import DRILL, busy
from tests.e2e.world import DESK, World


def test_keys_alone_lead_from_alarm_to_close(world: World) -> None:
    world.jinyuan.say(FIRST_SMOKE, "smoke", level=0.8)
    item = world.item(hazard="smoke")
    page = world.enter("liuyang", size=DESK).go("/desk")
    expect(page.locator(f"#row-{item['id']}")).to_be_visible()
    press = page.keyboard.press
    press("j")
    expect(page).to_have_url(re.compile(f"item={item['id']}"))
    expect(page.locator("[data-act='claim']")).to_be_visible()
    press("c")
    expect(page.locator(f"#row-{item['id']}")).to_contain_text("刘洋")
    press("o")
    expect(page.locator("[data-act='resolve']")).to_be_visible()
    press("r")
    expect(page.get_by_test_id("reason")).to_be_visible()
    page.keyboard.type("cfj")  # in a field, keys are letters
    for _ in range(12):
        press("Tab")
        if page.evaluate("document.activeElement?.dataset.testid") == "confirm":
            break
    press("Enter")
    expect(page.locator("[data-act='close']")).to_be_visible()
    for _ in range(30):
        if page.evaluate("document.activeElement?.dataset.act") == "close":
            break
        press("Tab")
    press("Enter")
    expect(page.locator(f"#row-{item['id']}")).to_have_count(0)
    story = world.ask("liuyang", "GET", f"/queue/{item['id']}")
    assert story["item"]["state"] == "closed"
    assert [entry["act"] for entry in story["history"]] == ["raise", "claim", "on_scene", "resolve", "close"]
    assert story["history"][3]["reason"] == "cfj"


def test_the_story_tells_why_and_who_with_both_times(world: World) -> None:
    scene = busy(world)
    page = world.enter("liuyang", size=DESK).go(f"/desk?item={scene.fire}")
    for told in ("时间线", "为何报警", "为何没通知", "证据"):
        expect(page.get_by_role("heading", name=told, exact=True)).to_be_visible()
    expect(page.get_by_text("时钟已同步").first).to_be_visible()
    page.goto(f"{world.machine.origin}/alerts/{scene.alert}")
    expect(page.get_by_role("heading", name="为何报警")).to_be_visible()
    expect(page.get_by_text(re.compile("3楼烟感|smoke-b7-u2-f3")).first).to_be_visible()


def test_a_look_at_evidence_is_a_click_and_is_recorded(world: World) -> None:
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    item = world.item(hazard="smoke")
    evidence = add_evidence(world.machine.url, item)
    page = world.enter("liuyang", size=DESK).go(f"/desk?item={item['id']}")
    look = page.get_by_role("button", name="查看（会记录是谁、何时）")
    expect(look).to_be_visible()
    expect(page.locator("img.picture")).to_have_count(0)
    seen = "SELECT * FROM evidence_views WHERE evidence = %s"
    assert world.rows(seen, evidence) == []
    look.click()
    expect(page.locator("img.picture")).to_be_visible()
    assert page.locator("img.picture").evaluate("image => image.naturalWidth") == 64
    assert len(world.rows(seen, evidence)) == 1
    expect(page.locator("li").filter(has_text="刘洋").first).to_be_visible()
    views = world.ask("liuyang", "GET", f"/evidence/{evidence}/views")["items"]
    assert [view["person"]["login"] for view in views] == ["liuyang"]


def test_only_the_panel_that_failed_says_so_and_tries_again_alone(world: World) -> None:
    scene = busy(world)
    person = world.enter("liuyang", size=DESK)
    page = person.page
    page.route("**/api/v1/alerts/*", lambda route: route.fulfill(status=503, json={"code": "unavailable"}))
    person.go(f"/desk?item={scene.fire}")
    failed = page.get_by_text("这一栏没有读到").first
    expect(failed).to_be_visible()
    expect(page.locator(f"#row-{scene.fire}")).to_be_visible()
    expect(page.locator("[data-act='claim']")).to_be_visible()
    page.unroute("**/api/v1/alerts/*")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/api/" in one.url else None)
    page.get_by_role("button", name="重试").last.click()
    expect(page.get_by_text("时钟已同步").first).to_be_visible()
    assert not any("/boxes" in one or "/queue?" in one for one in asked)


def test_a_panel_that_waits_says_so_after_a_moment_and_shows_no_old_alert_meanwhile(world: World) -> None:
    scene = busy(world)
    person = world.enter("liuyang", size=DESK)
    page = person.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/v1/alerts/*", hold)
    person.go(f"/desk?item={scene.fire}")
    waiting = page.get_by_role("status").filter(has_text="读取中").first
    expect(waiting).to_be_attached()
    expect(page.locator(f"#row-{scene.fire}")).to_be_visible()
    expect(page.get_by_text("时钟已同步")).to_have_count(0)
    assert held
    page.unroute("**/api/v1/alerts/*")  # what was held goes on
    expect(page.get_by_text("时钟已同步").first).to_be_visible()
    expect(waiting).to_have_count(0)


def test_someone_elses_claim_arrives_and_a_late_one_is_told(world: World) -> None:
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    item = world.item(hazard="smoke")
    page = world.enter("liuyang", size=DESK).go(f"/desk?item={item['id']}")
    expect(page.locator("[data-act='claim']")).to_be_visible()
    world.machine.line.stall()
    page.keyboard.press("c")
    world.act(item["number"], Act.CLAIM, "lina")
    world.machine.line.heal()
    expect(page.get_by_test_id("acts").get_by_role("alert")).to_contain_text("李娜")


def test_a_drill_frames_the_desk_and_something_real_breaks_through(world: World) -> None:
    page = world.enter("liuyang", size=DESK).go("/desk")
    world.jinyuan.say(FIRST_SMOKE, "smoke", exercise=DRILL)
    expect(page.locator(".frame--drill")).to_be_visible()
    drill = world.item(exercise=DRILL)["id"]
    expect(page.locator(f"#row-{drill}")).to_contain_text("演练")
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    world.jinyuan.say(SECOND_SMOKE, "smoke")
    expect(page.locator(".frame--real")).to_be_visible()
    fire = f"row-{world.item(hazard='fire', exercise='')['id']}"
    expect(page.locator(f"#{fire}")).to_be_visible()
    order = [row.get_attribute("id") for row in page.locator("[role='option']").all()]
    assert order[0] == fire
    assert order[-1] == f"row-{drill}"


def test_what_is_urgent_and_out_of_sight_is_said_and_one_click_away(world: World) -> None:
    page = world.enter("liuyang", size=DESK).go("/desk")
    expect(page.get_by_test_id("freshness")).to_contain_text("实时")
    below = page.get_by_test_id("urgent-below")
    for number in range(1, 4):
        world.jinyuan.say(FIRST_SMOKE, "sos", place=f"jinyuan-b{number}-u1")
    band = page.get_by_test_id("urgent-band")
    expect(band.get_by_role("option")).to_have_count(3)
    expect(below).to_have_count(0)
    for number in range(4, 6):
        world.jinyuan.say(FIRST_SMOKE, "sos", place=f"jinyuan-b{number}-u1")
    last = page.locator(f"#row-{world.item(place='jinyuan-b5-u1')['id']}")
    expect(below).to_have_text("↓ 还有 2 条Ⅰ级")
    expect(last).not_to_be_in_viewport()
    before = page.get_by_test_id("rows").bounding_box()
    below.click()
    expect(last).to_be_in_viewport()
    expect(below).to_have_count(0)
    assert page.get_by_test_id("rows").bounding_box() == before, "what lies below has not moved"


def test_a_flood_groups_what_is_slight_and_nothing_of_life_and_limb(world: World) -> None:
    page = world.enter("liuyang", size=DESK).go("/desk")
    expect(page.get_by_test_id("freshness")).to_contain_text("实时")
    for number in range(12):
        world.jinyuan.say(
            FIRST_SMOKE, "battery_low", place=f"jinyuan-b{1 + number % 8}-u{1 + number // 8 % 2}"
        )
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    slight = world.rows("SELECT count(*) AS n FROM work_items WHERE state <> 'closed' AND severity >= 3")[0][
        "n"
    ]
    assert slight >= 10, "no flood: raise more"
    expect(page.get_by_text("告警潮").first).to_be_visible()
    expect(page.locator(".row--group")).to_have_count(1)
    expect(page.locator(f"#row-{world.item(hazard='smoke')['id']}")).to_be_visible()
    assert page.locator("[role='option']").count() < slight


def test_the_place_is_chosen_and_capped_by_what_one_may_see(world: World) -> None:
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    world.jinhe.say("smoke-b2-u1-f5", "smoke")
    mine, other = (
        row["id"] for row in world.rows("SELECT id FROM work_items WHERE state <> 'closed' ORDER BY grid")
    )
    page = world.enter("liuyang", size=DESK).go("/desk?at=jinsha-g1")
    expect(page.locator(f"#row-{mine}")).to_be_visible()
    expect(page.locator(f"#row-{other}")).to_have_count(0)
    page.goto(f"{world.machine.origin}/desk")
    expect(page.locator(f"#row-{other}")).to_be_visible()


def test_a_sensor_that_is_not_heard_shows_no_old_number(world: World) -> None:
    page = world.enter("wangfang", size=DESK).go("/boxes/jinyuan-1")
    value = page.locator(".value").filter(has_text="电量").first
    expect(value).to_contain_text("95")
    world.jinyuan.be_lost()
    try:
        expect(page.locator(".is-off")).to_be_visible(timeout=15_000)
        value = page.locator(".value").filter(has_text="电量").first
        expect(value).to_contain_text("—", timeout=15_000)
        expect(value).not_to_contain_text("95")
        expect(value).to_contain_text("最后")
    finally:
        world.jinyuan.come_online()


def test_a_hole_in_what_a_box_sent_is_counted(world: World) -> None:
    world.jinyuan.skip("telemetry", 3)
    world.jinyuan.read(FIRST_SMOKE, "battery_pct", 95)
    world.rows(
        "UPDATE box_progress SET hole_since = now() - interval '2 minutes' WHERE hole_since IS NOT NULL RETURNING 1"
    )
    page = world.enter("wangfang", size=DESK).go("/boxes/jinyuan-1")
    expect(page.get_by_text(re.compile("缺 3 条"))).to_be_visible()


def test_a_page_that_one_may_not_see_says_whom_to_ask(world: World) -> None:
    page = world.enter("wangfang", size=DESK).go("/boxes/jinhe-1")
    forbidden = said(page)
    page.goto(f"{world.machine.origin}/boxes/there-is-none")
    assert forbidden == said(page)


def said(page: Page) -> str:
    """What the page says instead of what was asked for."""
    told = page.get_by_text("这一栏没有读到").first
    expect(told).to_be_visible()
    return told.inner_text()


def add_evidence(url: str, item: dict[str, object]) -> str:
    """A picture of 64 × 36 pixels for an item's alert, as if its box had sent it."""
    made, jpeg = cv2.imencode(".jpg", np.full((36, 64, 3), 120, np.uint8))
    assert made
    picture = bytes(jpeg)
    evidence = str(uuid.uuid4())
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO evidence (id, box, epoch, device, event, site, place, taken_at, device_at, received_at,"
            " expires_at, width_px, height_px, people_blurred, method, jpeg_bytes, sha256, jpeg, tied)"
            " VALUES (%s, 'jinyuan-1', %s, 'cam-south', %s, %s, %s, now(), now(), now(), now() + interval '1 day',"
            " 64, 36, 2, 'test', %s, %s, %s, true)",
            (
                *(evidence, "e" * 32, uuid.uuid4(), item["site"], item["place"]),
                *(len(picture), "0" * 64, picture),
            ),
        )
        connection.execute("INSERT INTO evidence_alerts VALUES (%s, %s)", (evidence, item["alert"]))
        connection.execute("UPDATE work_items SET evidence = 1 WHERE id = %s", (item["id"],))
    return evidence
