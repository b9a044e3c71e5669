"""The way in and out: by password, by one click in the demo, back to where one was going; nothing without it."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.world import DESK, World


def test_one_click_of_the_demo_leads_to_the_page_of_the_role(world: World) -> None:
    for login, path in (("zhangwei", "/q"), ("liuyang", "/desk")):
        world.ask(login, "PATCH", "/me", {"lang": "zh"})
        page = world.enter(None).go("/login")
        page.locator(f"[data-demo='{login}']").tap()
        expect(page).to_have_url(re.compile(f"{path}$"))
        expect(page.get_by_test_id("freshness")).to_contain_text("实时")


def test_a_wrong_password_is_refused_in_words_and_the_right_one_leads_on(world: World) -> None:
    page = world.enter(None, size=DESK).go("/q?mine=1")
    expect(page).to_have_url(re.compile("/login"))
    page.locator("[name=login]").fill("zhangwei")
    page.locator("[name=password]").fill("not the password")
    page.get_by_test_id("log-in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.locator("[name=password]").fill(world.machine.logins["zhangwei"].password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/q\?mine=1$"))


@pytest.mark.parametrize(
    "to", ["https://example.org/", "//example.org/", "/\\example.org", "javascript:alert(1)"]
)
def test_the_way_back_never_leads_elsewhere(world: World, to: str) -> None:
    person = world.enter(None)
    page = person.page
    page.goto(f"{world.machine.origin}/login")
    page.evaluate("to => location.assign('/login?to=' + encodeURIComponent(to))", to)
    page.locator("[data-demo='zhangwei']").tap()
    expect(page).to_have_url(re.compile("/q$"))


def test_logging_out_ends_it_for_good(world: World) -> None:
    page = world.enter(None).go("/login")
    page.locator("[data-demo='lina']").tap()
    expect(page).to_have_url(re.compile("/q$"))
    page.goto(f"{world.machine.origin}/me")
    page.get_by_test_id("log-out").tap()
    expect(page).to_have_url(re.compile("/login"))
    page.goto(f"{world.machine.origin}/q")
    expect(page).to_have_url(re.compile("/login"))
    assert page.context.cookies() == [] or all(one["name"] != "rw_session" for one in page.context.cookies())


def test_the_language_is_the_persons_and_stays(world: World) -> None:
    page = world.enter("lina", lang="en").go("/q")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_test_id("empty")).to_be_visible()
    assert not re.search("[\u4e00-\u9fff]", page.get_by_test_id("empty").inner_text())
    page.goto(f"{world.machine.origin}/me")
    with page.expect_response(lambda one: one.request.method == "PATCH"):
        page.get_by_text("中文", exact=True).tap()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_a_session_can_be_seen_and_ended_elsewhere(world: World) -> None:
    first = world.enter(None).go("/login")
    first.locator("[data-demo='lina']").tap()
    expect(first).to_have_url(re.compile("/q$"))
    second = world.enter(None).go("/login")
    second.locator("[data-demo='lina']").tap()
    expect(second).to_have_url(re.compile("/q$"))
    second.goto(f"{world.machine.origin}/me")
    box = second.get_by_test_id("sessions")
    expect(box).to_contain_text("127.0.0.1")
    for _ in range(box.get_by_role("button").count()):
        count = box.locator("li").count()
        box.get_by_role("button").first.tap()
        expect(box.locator("li")).to_have_count(count - 1)
    expect(first).to_have_url(re.compile("/login"), timeout=15_000)
    world.sessions.pop("lina", None)


def test_a_page_without_a_right_or_a_name_says_so(world: World) -> None:
    page = world.enter("chenjing", size=DESK).go("/there/is/none")
    expect(page.get_by_text("没有这个页面")).to_be_visible()


def test_the_session_cookie_is_out_of_the_pages_reach(world: World) -> None:
    page = world.enter(None).go("/login")
    page.locator("[data-demo='zhangwei']").tap()
    expect(page).to_have_url(re.compile("/q$"))
    assert "rw_session" not in page.evaluate("document.cookie")
    kept = page.evaluate("JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])")
    (session,) = [one for one in page.context.cookies() if one["name"] == "rw_session"]
    assert session["httpOnly"]
    assert session["sameSite"] in {"Lax", "Strict"}
    assert session["value"] not in kept
    assert world.machine.logins["zhangwei"].password not in kept
