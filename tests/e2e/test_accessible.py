"""Every page in every theme and language: axe finds nothing, nothing scrolls sideways, targets are large enough."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import findings
from tests.e2e.scenes import ROUTES, Route, Scene, busy
from tests.e2e.world import DESK, NARROWEST, PHONE, Machine, World

THEMES = ("light", "glare", "dark")
SIDEWAYS = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
_SHOWN = {
    "/login": "[data-testid=log-in]",
    "/q": "[data-item]",
    "/q/{item}": "[data-testid=timeline] li",
    "/me": "[data-testid=sessions] li",
    "/desk": "[role=option]",
    "/alerts": "main a[href^='/alerts/']",
    "/alerts/{alert}": "[data-testid=acts], main h2",
    "/boxes": "main a[href^='/boxes/']",
    "/boxes/{box}": ".value",
}
"""What is there once a page's data has come."""


@pytest.fixture
def scene(world: World) -> Iterator[Scene]:
    """A busy evening."""
    yield busy(world)


def opened(world: World, route: Route, scene: Scene, *, size: tuple[int, int], lang: str, theme: str) -> Page:
    """A page with its data."""
    person = world.enter(route.login, size=size, lang=lang, theme=theme)
    page = person.go(route.path.format(**scene.names))
    expect(page.locator(_SHOWN[route.path]).first).to_be_visible()
    return page


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_axe_finds_nothing(world: World, scene: Scene, route: Route, lang: str) -> None:
    """One page for all themes: they are chosen by an attribute, which the page itself sets."""
    size = PHONE if route.path in {"/login", "/q", "/q/{item}", "/me"} else DESK
    page = opened(world, route, scene, size=size, lang=lang, theme="light")
    found = []
    for theme in THEMES:
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        found += [f"{theme}: {one}" for one in findings(page)]
    assert found == []


@pytest.mark.parametrize("width", [NARROWEST, PHONE], ids=["320", "360"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_nothing_scrolls_sideways(world: World, scene: Scene, route: Route, width: tuple[int, int]) -> None:
    page = opened(world, route, scene, size=width, lang="en", theme="light")
    assert page.evaluate(SIDEWAYS) <= 0
    outside = page.evaluate(
        """() => [...document.querySelectorAll("main *")]
          .filter(one => one.getClientRects().length && getComputedStyle(one).position !== "absolute")
          .filter(one => { for (let up = one; up; up = up.parentElement)
             if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(up).overflowX) && up !== document.body)
               return false; return true; })
          .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
          .map(one => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 40)}`)"""
    )
    assert outside == []


@pytest.mark.parametrize("path", ["/q", "/q/{item}"])
def test_what_a_thumb_presses_is_large_enough(world: World, scene: Scene, path: str) -> None:
    route = next(one for one in ROUTES if one.path == path)
    page = opened(world, route, scene, size=PHONE, lang="zh", theme="light")
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
    person = world.enter(None)
    answer = person.page.goto(f"{machine.origin}/login")
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
