"""The worker's phone against the real server: an alarm comes, is claimed, lost by name, undone, closed, and told in full."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from bench.city import FIRST_SMOKE, SECOND_SMOKE, THIRD_SMOKE
from server.alerts.work_item import Act
from tests.e2e.scenes import DRILL, busy
from tests.e2e.world import DESK, Person, World

SHORT_MS = 5_000


def rows(page: Page) -> Locator:
    """The rows of the queue, the urgent ones first."""
    return page.locator("[data-item]")


def row(page: Page, number: int) -> Locator:
    """One row of the queue."""
    return page.locator(f"[data-item='{number}']")


def numbers(page: Page) -> list[int]:
    """What the page shows, in its order."""
    return [int(one.get_attribute("data-item") or 0) for one in rows(page).all()]


def open_queue(world: World, login: str = "zhangwei", **more: Any) -> Person:
    """Somebody at the queue, with live data."""
    person = world.enter(login, **more)
    person.go("/q")
    expect(person.page.get_by_test_id("freshness")).to_contain_text("实时")
    return person


def test_an_alarm_appears_by_itself_within_a_second(world: World) -> None:
    page = open_queue(world).page
    expect(page.get_by_test_id("empty")).to_contain_text("无待办")
    world.jinyuan.say(FIRST_SMOKE, "smoke", level=0.8)
    number = world.item(hazard="smoke")["number"]
    expect(row(page, number)).to_contain_text("锦园7栋2单元", timeout=SHORT_MS)
    expect(row(page, number)).to_contain_text("Ⅱ 重要")
    expect(row(page, number)).to_contain_text("疑似")
    expect(row(page, number)).to_contain_text("无人认领")


def test_an_empty_queue_gives_its_proof(world: World) -> None:
    page = open_queue(world).page
    expect(page.get_by_test_id("empty")).to_contain_text(re.compile(r"数据 .*前"))
    expect(page.get_by_test_id("empty")).to_contain_text("盒 1/1")


def test_from_alarm_to_close_and_the_whole_story_in_the_time_line(world: World) -> None:
    page = open_queue(world).page
    world.jinyuan.say(FIRST_SMOKE, "smoke", level=0.8)
    item = world.item(hazard="smoke")
    row(page, item["number"]).locator("[data-act='claim']").tap()
    expect(row(page, item["number"])).to_contain_text("张伟")
    row(page, item["number"]).get_by_role("link").tap()
    expect(page).to_have_url(re.compile(f"/q/{item['id']}$"))
    page.locator("[data-act='on-scene']").tap()
    page.locator("[data-act='resolve']").tap()
    page.get_by_test_id("reason").get_by_text("现场正常").tap()
    page.get_by_test_id("confirm").tap()
    expect(page.locator("[data-act='undo']")).to_be_visible()
    assert world.item(hazard="smoke")["state"] == "resolved"
    page.locator("[data-act='undo']").tap()
    expect(page.locator("[data-act='resolve']")).to_be_visible()
    assert world.item(hazard="smoke")["state"] in {"claimed", "on_scene"}
    page.locator("[data-act='resolve']").tap()
    page.get_by_test_id("reason").get_by_text("现场正常").tap()
    page.get_by_test_id("confirm").tap()
    expect(page.locator("[data-act='undo']")).to_be_visible()
    world.ask("zhangwei", "POST", f"/queue/{item['id']}/close", {})
    expect(page.get_by_test_id("closed")).to_be_visible()
    line = page.get_by_test_id("timeline")
    for told in ("认领", "到场", "现场正常", "撤销", "张伟"):
        expect(line).to_contain_text(told)
    assert [entry["act"] for entry in world.ask("zhangwei", "GET", f"/queue/{item['id']}")["history"]][
        :2
    ] == [
        "raise",
        "claim",
    ]


def test_two_browsers_race_and_the_loser_is_told_by_whom(world: World) -> None:
    first, second = open_queue(world, "zhangwei"), open_queue(world, "lina")
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    number = world.item(hazard="smoke")["number"]
    for person in (first, second):
        expect(row(person.page, number).locator("[data-act='claim']")).to_be_visible()
    # The loser's picture stands still at the moment of the race: the news of the claim has not arrived yet.
    world.machine.line.stall()
    button = row(second.page, number).locator("[data-act='claim']")
    button.tap()
    expect(row(second.page, number)).to_contain_text("待确认")
    expect(row(second.page, number)).not_to_contain_text("李娜 已认领")
    world.act(number, Act.CLAIM, "zhangwei")
    world.machine.line.heal()
    expect(row(second.page, number).locator("[data-act-state='lost']")).to_contain_text("张伟 先认领了")
    expect(row(first.page, number)).to_contain_text("张伟")
    for person in (first, second):
        expect(row(person.page, number).locator("[data-act='claim']")).to_have_count(0)


def test_the_order_is_the_servers(world: World) -> None:
    scene = busy(world)
    page = open_queue(world).page
    told = world.ask("zhangwei", "GET", "/queue?exercise=*")["items"]
    expect(rows(page)).to_have_count(len(told))
    real = [item["number"] for item in told if not item["exercise"]]
    assert numbers(page)[: len(real)] == real
    assert scene.fire == told[0]["id"]


def test_nothing_moves_under_the_finger(world: World) -> None:
    """Twenty alarms arrive between the finger's coming down and its leaving: it acts on what it pressed."""
    person = open_queue(world, size=DESK, touch=False)
    page = person.page
    world.jinyuan.say(THIRD_SMOKE, "smoke")
    pressed = world.item(hazard="smoke")["number"]
    button = row(page, pressed).locator("[data-act='claim']")
    expect(button).to_be_visible()
    page.wait_for_timeout(100)  # the list settles after its own insertion
    box = button.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    for number in range(20):
        world.jinyuan.say(FIRST_SMOKE, "smoke", place=f"jinyuan-b{1 + number % 8}-u{1 + number // 8 % 2}")
    expect(page.get_by_test_id("waiting-rows")).to_be_visible()
    before = button.bounding_box()
    page.mouse.up()
    assert before == box, "the row moved under the finger"
    expect(row(page, pressed)).to_contain_text("张伟")
    owned = world.rows("SELECT number FROM work_items WHERE owner = 'zhangwei' AND state <> 'closed'")
    assert [one["number"] for one in owned] == [pressed]
    page.get_by_test_id("waiting-rows").click()
    expect(page.get_by_test_id("waiting-rows")).to_have_count(0)


def test_a_drill_is_marked_on_every_row_and_counts_apart(world: World) -> None:
    page = open_queue(world).page
    world.jinyuan.say(FIRST_SMOKE, "smoke", exercise=DRILL)
    drill = world.item(exercise=DRILL)["number"]
    expect(row(page, drill)).to_contain_text("演练")
    expect(page.get_by_text("演练进行中：1 条演练任务")).to_be_visible()
    # Something real breaks through: on top, in the frame, without a click.
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    world.jinyuan.say(SECOND_SMOKE, "smoke")
    fire = world.item(hazard="fire", exercise="")["number"]
    expect(row(page, fire)).to_be_visible()
    expect(row(page, fire)).not_to_contain_text("演练")
    assert numbers(page)[0] == fire
    assert numbers(page)[-1] == drill


def test_only_the_server_says_claimed(world: World) -> None:
    page = open_queue(world).page
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    number = world.item(hazard="smoke")["number"]
    claim = row(page, number).locator("[data-act='claim']")
    expect(claim).to_be_visible()
    world.machine.line.stall()
    claim.tap()
    expect(row(page, number)).to_contain_text("待确认")
    expect(row(page, number)).not_to_contain_text("已认领")
    world.machine.line.heal()
    expect(row(page, number)).to_contain_text("张伟 已认领")


def test_a_manager_sees_and_cannot_act(world: World) -> None:
    page = open_queue(world, "wangfang").page
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    item = world.item(hazard="smoke")
    expect(row(page, item["number"])).to_be_visible()
    expect(row(page, item["number"]).locator("[data-act]")).to_have_count(0)
    page.goto(f"{world.machine.origin}/q/{item['id']}")
    expect(page.get_by_test_id("acts")).to_contain_text("处置请联系网格员")


@pytest.mark.parametrize("ref", ["0198c1a0-0000-7000-8000-000000000000", "theirs"])
def test_an_unknown_item_and_anothers_look_alike(world: World, ref: str) -> None:
    world.jinhe.say("smoke-b2-u1-f5", "smoke")  # in another grid
    theirs = str(world.item(hazard="smoke")["id"])
    page = world.enter("zhangwei").go(f"/q/{theirs if ref == 'theirs' else ref}")
    expect(page.get_by_role("alert").first).to_contain_text("这一项已关闭，或不在您的辖区内")


def test_a_false_alarm_needs_a_held_finger_and_a_reason(world: World) -> None:
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    item = world.item(hazard="smoke")
    world.ask("zhangwei", "POST", f"/queue/{item['id']}/claim", {})
    page = world.enter("zhangwei", size=DESK).go(f"/q/{item['id']}")
    hold = page.locator("[data-act='false-alarm']")
    hold.click()
    expect(page.get_by_test_id("reason")).to_have_count(0)
    hold.hover()
    page.mouse.down()
    expect(page.get_by_test_id("reason")).to_be_visible()
    page.mouse.up()
    page.get_by_test_id("confirm").click()
    expect(page.get_by_role("alert").filter(has_text="请选择或写明原因")).to_be_visible()
    page.get_by_test_id("reason").get_by_text("油烟").click()
    page.get_by_test_id("confirm").click()
    expect(page.locator("[data-act='undo']")).to_be_visible()
    assert world.item(hazard="smoke")["state"] == "false_alarm"
