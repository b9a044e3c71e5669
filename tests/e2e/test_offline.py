"""The phone without network: acts are kept, sent later, lost by name, and never look done before they are."""

import re

from playwright.sync_api import Page, Route, expect

from bench.city import FIRST_SMOKE, SOUTH_GATE
from bench.servers.waiting import wait_for
from server.alerts.work_item import Act
from tests.e2e.world import Person, World

_KEPT = """number => new Promise(done => {
  const opening = indexedDB.open("redwhistle");
  opening.onsuccess = () => {
    const asking = opening.result.transaction("kept").objectStore("kept").get("picture");
    asking.onsuccess = () => {
      opening.result.close();
      done((asking.result?.items ?? []).some(item => item.number === number));
    };
  };
})"""
"""Whether the phone has kept a picture with this item."""


def at_the_queue(world: World) -> Person:
    """张伟 at the queue, with live data and the service worker in charge of the page."""
    person = world.enter("zhangwei", workers=True)
    page = person.go("/q")
    expect(page.get_by_test_id("freshness")).to_contain_text("实时")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    return person


def claim(page: Page, number: int) -> None:
    """Tap the button of a row."""
    page.locator(f"[data-item='{number}'] [data-act='claim']").tap()


def test_acts_without_network_are_kept_and_one_of_them_is_lost_by_name(world: World) -> None:
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    world.jinyuan.say(SOUTH_GATE, "gate_forced")
    mine, theirs = world.item(hazard="smoke"), world.item(hazard="gate")
    person = at_the_queue(world)
    page = person.page
    for item in (mine, theirs):
        expect(page.locator(f"[data-item='{item['number']}'] [data-act='claim']")).to_be_visible()
    person.context.set_offline(True)
    claim(page, mine["number"])
    claim(page, theirs["number"])
    expect(page.get_by_test_id("unsent")).to_contain_text("2")
    for item in (mine, theirs):
        shown = page.locator(f"[data-item='{item['number']}']")
        expect(shown.locator("[data-act-state='waiting']")).to_contain_text("未传")
        expect(shown).not_to_contain_text("已认领")
    world.act(theirs["number"], Act.CLAIM, "lina")
    assert world.item(hazard="smoke")["owner"] is None
    person.context.set_offline(False)
    expect(page.get_by_test_id("unsent")).to_have_count(0, timeout=20_000)
    expect(page.locator(f"[data-item='{mine['number']}']")).to_contain_text("张伟 已认领")
    lost = page.locator(f"[data-item='{theirs['number']}'] [data-act-state='lost']")
    expect(lost).to_contain_text("李娜 先认领了")
    assert world.item(hazard="smoke")["owner"] == "zhangwei"
    assert world.item(hazard="gate")["owner"] == "lina"
    # The server's ledger keeps the lost act as a note, with the phone's time and its own.
    story = world.ask("zhangwei", "GET", f"/queue/{theirs['id']}")["history"]
    (note,) = [entry for entry in story if entry["act"] == "not_done"]
    assert note["actor"]["login"] == "zhangwei"
    assert note["not_done"]["wanted"] == "claim"
    assert note["not_done"]["lost_to"]["name"] == "李娜"
    assert note["device_time"] < note["at"]
    # And so does the phone's.
    page.goto(f"{world.machine.origin}/me")
    expect(page.get_by_test_id("unsent-acts")).to_contain_text("李娜 先认领了")


def test_the_installed_page_opens_without_network_with_what_it_knew(world: World) -> None:
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    number = world.item(hazard="smoke")["number"]
    person = at_the_queue(world)
    page = person.page
    expect(page.locator(f"[data-item='{number}']")).to_be_visible()
    wait_for(lambda: page.evaluate(_KEPT, number), timeout_s=15, what="the picture is kept", every_s=0.2)
    person.context.set_offline(True)
    page.goto(f"{world.machine.origin}/q")
    expect(page.locator(f"[data-item='{number}']")).to_contain_text("锦园7栋2单元")
    expect(page.get_by_test_id("freshness")).not_to_contain_text("实时")
    expect(page.get_by_test_id("freshness")).to_contain_text(re.compile("数据 .*前"))
    claim(page, number)
    expect(page.get_by_test_id("unsent")).to_contain_text("1")
    # Reloaded, still without network: the act is not forgotten.
    page.goto(f"{world.machine.origin}/q")
    expect(page.get_by_test_id("unsent")).to_contain_text("1")
    person.context.set_offline(False)
    page.goto(f"{world.machine.origin}/q")
    expect(page.locator(f"[data-item='{number}']")).to_contain_text("张伟 已认领")
    expect(page.get_by_test_id("unsent")).to_have_count(0)
    history = world.ask("zhangwei", "GET", f"/queue/{world.item(hazard='smoke')['id']}")["history"]
    assert [entry["act"] for entry in history].count("claim") == 1


def test_an_act_that_was_sent_twice_is_done_once(world: World) -> None:
    """The answer is lost on its way: the page sends the act again with the same key."""
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    item = world.item(hazard="smoke")
    person = world.enter("zhangwei")
    page = person.go("/q")
    button = page.locator(f"[data-item='{item['number']}'] [data-act='claim']")
    expect(button).to_be_visible()
    keys: list[str | None] = []

    def lose_the_first_answer(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) == 1:
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/claim", lose_the_first_answer)
    button.tap()
    expect(page.get_by_test_id("unsent")).to_be_visible()
    expect(page.get_by_test_id("unsent")).to_have_count(0, timeout=40_000)
    expect(page.locator(f"[data-item='{item['number']}']")).to_contain_text("张伟 已认领")
    assert len(set(keys)) == 1
    history = world.ask("zhangwei", "GET", f"/queue/{item['id']}")["history"]
    assert [entry["act"] for entry in history].count("claim") == 1
    assert not any(entry["act"] == "not_done" for entry in history)
