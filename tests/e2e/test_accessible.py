"""Every page in every theme and language: axe finds nothing, nothing scrolls sideways, targets are large enough."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, StorageState, expect

from tests.e2e.axe import findings
from tests.e2e.scenes import ROUTES, Route, Scene, busy
from tests.e2e.world import DESK, NARROWEST, PHONE, Machine, Person, World

THEMES = ("light", "glare", "dark")
_SIDEWAYS = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
_OUTSIDE = """() => [...document.querySelectorAll("main *")]
  .filter(one => one.getClientRects().length && getComputedStyle(one).position !== "absolute")
  .filter(one => { for (let up = one; up; up = up.parentElement)
     if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(up).overflowX) && up !== document.body)
       return false; return true; })
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
  .map(one => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 40)}`)"""
"""What sticks out of the window, unless something that scrolls by itself holds it."""


@pytest.fixture(scope="module")
def evening(
    machine: Machine, browser: Browser, sessions: dict[str, StorageState]
) -> Iterator[tuple[World, Scene]]:
    """A busy evening that all these tests only look at."""
    world = World(machine, browser, sessions)
    world.clear()
    scene = busy(world)
    yield world, scene
    world.leave(check=False)
    world.clear()


def opened(
    evening: tuple[World, Scene], route: Route, *, size: tuple[int, int], lang: str, theme: str = "light"
) -> Person:
    """Somebody at a page with its data."""
    world, scene = evening
    person = world.enter(route.login, size=size, lang=lang, theme=theme)
    page = person.go(route.path.format(**scene.names))
    expect(page.locator(route.shown).first).to_be_visible()
    return person


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_axe_finds_nothing(evening: tuple[World, Scene], route: Route, lang: str) -> None:
    """One page for all themes: they are chosen by an attribute, which the page itself sets."""
    size = PHONE if route.path in {"/login", "/q", "/q/{item}", "/me"} else DESK
    person = opened(evening, route, size=size, lang=lang)
    found = []
    for theme in THEMES:
        person.page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        found += [f"{theme}: {one}" for one in findings(person.page)]
    assert found == []
    person.watch.check()
    evening[0].leave(check=True)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_nothing_scrolls_sideways_on_a_narrow_phone(evening: tuple[World, Scene], route: Route) -> None:
    page = opened(evening, route, size=PHONE, lang="en").page
    for width, height in (PHONE, NARROWEST):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(_SIDEWAYS) <= 0
        assert page.evaluate(_OUTSIDE) == []
    evening[0].leave(check=True)


@pytest.mark.parametrize("path", ["/q", "/q/{item}"])
def test_what_a_thumb_presses_is_large_enough(evening: tuple[World, Scene], path: str) -> None:
    route = next(one for one in ROUTES if one.path == path)
    page = opened(evening, route, size=PHONE, lang="zh").page
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, a.button, nav a, input, select")]
          .filter(one => one.getClientRects().length)
          .map(one => [one, one.getBoundingClientRect()])
          .filter(([, box]) => box.height < 47.5 || box.width < 47.5)
          .map(([one, box]) => `${one.textContent.trim()} ${box.width}x${box.height}`)"""
    )
    assert small == []
    if path == "/q/{item}":
        main = page.locator("[data-act='claim']").bounding_box()
        assert main is not None
        assert main["height"] >= 56
        assert main["y"] + main["height"] > PHONE[1] - 80, "the main act belongs under the thumb"


def test_the_policy_is_the_strict_one(machine: Machine, world: World) -> None:
    answer = world.enter(None).page.goto(f"{machine.origin}/login")
    assert answer is not None
    policy = dict(
        part.strip().split(" ", 1)
        for part in answer.headers["content-security-policy"].split(";")
        if part.strip()
    )
    for name in ("default-src", "base-uri", "frame-ancestors"):
        assert policy[name] == "'none'"
    for name in (
        "script-src",
        "style-src",
        "font-src",
        "connect-src",
        "worker-src",
        "manifest-src",
        "form-action",
    ):
        assert policy[name] == "'self'"
    assert set(policy["img-src"].split()) == {"'self'", "data:", "blob:"}
