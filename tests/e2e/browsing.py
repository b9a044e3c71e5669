"""A person's browser, watched: whatever leaves the origin, breaks the page's policy or throws is found at the end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

_LISTEN = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.__violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""
_LOCAL = ("data:", "blob:", "about:", "chrome-error:")


@dataclass
class Watch:
    """What one context's pages did. `origin` is the one that they may speak to."""

    origin: str
    foreign: list[str] = field(default_factory=list)
    thrown: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)

    def over(self, context: BrowserContext) -> "Watch":
        """Watch every page of a context, from its first script on."""
        context.add_init_script(_LISTEN)
        context.on("request", self._requested)
        context.on("page", self._opened)
        return self

    def violations(self) -> list[str]:
        """What the content security policy refused so far, on the pages that are open."""
        seen = list(self.refused)
        for page in self.pages:
            if not page.is_closed():
                seen += page.evaluate("window.__violations ?? []")
        return seen

    def check(self) -> None:
        """Raise AssertionError for anything that may not be."""
        assert self.foreign == [], "requests that leave the origin"
        assert self.violations() == [], "the page does what its policy refuses"
        assert self.thrown == [], "errors in the page"

    def _requested(self, request: Request) -> None:
        if not request.url.startswith(_LOCAL) and _origin(request.url) != self.origin:
            self.foreign.append(request.url)

    def _opened(self, page: Page) -> None:
        self.pages.append(page)
        page.on("pageerror", lambda error: self.thrown.append(f"{page.url}: {error.message}"))
        page.on("console", self._said)

    def _said(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.refused.append(message.text)


def calls(page: Page, make: Callable[[], Any], path: str) -> list[str]:
    """The methods and paths of the API calls below `path` while `make` runs."""
    seen: list[str] = []

    def note(request: Request) -> None:
        at = urlsplit(request.url).path
        if at.startswith(path):
            seen.append(f"{request.method} {at}")

    page.on("request", note)
    make()
    page.remove_listener("request", note)
    return seen


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
