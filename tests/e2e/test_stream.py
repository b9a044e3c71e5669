"""Everything says how old it is: the line goes dead, the page says so in two steps, and comes back without a click."""

import re

import pytest
from playwright.sync_api import expect

from bench.city import FIRST_SMOKE, SECOND_SMOKE
from tests.e2e.world import DESK, PHONE, World

LATE_MS = 26_000
LOST_MS = 36_000


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_silent_stream_is_told_in_amber_then_in_red_and_ends_by_itself(world: World, lang: str) -> None:
    person = world.enter("zhangwei", lang=lang)
    page = person.page
    page.clock.install()
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    person.go("/q")
    number = world.item(hazard="smoke")["number"]
    expect(page.locator(f"[data-item='{number}']")).to_be_visible()
    expect(page.get_by_test_id("stream-band")).to_have_count(0)
    world.machine.line.black_hole()  # the browser does not know
    page.clock.fast_forward(LATE_MS)
    band = page.get_by_test_id("stream-band")
    expect(band).to_have_class(re.compile("band--late"))
    expect(page.get_by_test_id("freshness")).to_contain_text(re.compile(r"2[5-9] ?(秒|s)"))
    # What is on the screen stays, and is not called the present.
    expect(page.locator(f"[data-item='{number}']")).to_be_visible()
    page.clock.fast_forward(LOST_MS)
    expect(band).to_have_class(re.compile("band--lost"))
    world.jinyuan.say(SECOND_SMOKE, "smoke")
    fire = world.item(hazard="fire")["number"]
    expect(page.locator(f"[data-item='{fire}']")).to_have_count(0)
    # Trying at once is one tap; a fresh connection begins.
    with page.expect_request(lambda one: "/stream" in one.url):
        band.get_by_role("button").tap()
    world.machine.line.heal()
    expect(band).to_have_count(0, timeout=35_000)
    expect(page.locator(f"[data-item='{fire}']")).to_be_visible()


def test_a_cut_line_comes_back_by_itself_and_nothing_is_missing(world: World) -> None:
    person = world.enter("zhangwei")
    page = person.go("/q")
    expect(page.get_by_test_id("freshness")).to_contain_text("实时")
    world.machine.line.cut()
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    world.jinyuan.say(SECOND_SMOKE, "smoke")
    expected = {row["number"] for row in world.rows("SELECT number FROM work_items WHERE state <> 'closed'")}
    assert len(expected) == 2
    world.machine.line.heal()
    for number in expected:
        expect(page.locator(f"[data-item='{number}']")).to_be_visible(timeout=15_000)
    expect(page.get_by_test_id("stream-band")).to_have_count(0)


def test_one_browser_has_one_stream_and_all_its_pages_live(world: World) -> None:
    person = world.enter("zhangwei")
    streams: list[str] = []
    person.context.on("request", lambda one: streams.append(one.url) if "/stream" in one.url else None)
    first = person.go("/q")
    expect(first.get_by_test_id("freshness")).to_contain_text("实时")
    second = person.context.new_page()
    second.goto(first.url)
    expect(second.get_by_test_id("freshness")).to_contain_text("实时")
    world.jinyuan.say(FIRST_SMOKE, "smoke")
    number = world.item(hazard="smoke")["number"]
    for page in (first, second):
        expect(page.locator(f"[data-item='{number}']")).to_be_visible()
    assert len(streams) == 1
    # The page that had the stream goes: the other takes over, and nothing is missing.
    first.close()
    world.jinyuan.say(SECOND_SMOKE, "smoke")
    fire = world.item(hazard="fire")["number"]
    expect(second.locator(f"[data-item='{fire}']")).to_be_visible()
    assert len(streams) == 2


def test_the_desk_says_it_too(world: World) -> None:
    person = world.enter("liuyang", size=DESK)
    page = person.page
    page.clock.install()
    person.go("/desk")
    expect(page.get_by_test_id("freshness")).to_contain_text("实时")
    world.machine.line.black_hole()
    page.clock.fast_forward(LATE_MS)
    band = page.get_by_test_id("stream-band")
    expect(band).to_have_class(re.compile("band--late"))
    page.clock.fast_forward(LOST_MS)
    expect(band).to_have_class(re.compile("band--lost"))
    world.machine.line.heal()
    expect(band).to_have_count(0, timeout=35_000)
    expect(page.get_by_test_id("freshness")).to_contain_text("实时")


def test_a_session_that_ends_ends_the_stream(world: World) -> None:
    world.sessions.pop("lina", None)
    person = world.enter("lina", size=PHONE)
    page = person.go("/q")
    expect(page.get_by_test_id("freshness")).to_contain_text("实时")
    world.ask("lina", "DELETE", "/session")
    world.sessions.pop("lina")
    expect(page).to_have_url(re.compile("/login"), timeout=15_000)
