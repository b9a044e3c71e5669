"""axe-core over a page as it stands: the rules of WCAG 2.0 to 2.2, levels A and AA."""

from functools import cache
from typing import Any

from playwright.sync_api import Page

from bench.servers.installed import CHECKOUT

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
_SOURCE = CHECKOUT / "server" / "web" / "node_modules" / "axe-core" / "axe.min.js"


def findings(page: Page) -> list[str]:
    """What axe finds, a line each: the rule, where, and what is wrong. Needs the console's packages installed."""
    # Through the debugger, which no content security policy concerns.
    page.evaluate(_axe())
    told: dict[str, Any] = page.evaluate(
        "tags => axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] })",
        list(TAGS),
    )
    return [
        f"{one['id']} {node['target']}: {node['failureSummary']}"
        for one in told["violations"]
        for node in one["nodes"]
    ]


@cache
def _axe() -> str:
    return f"if (!window.axe) {{ {_SOURCE.read_text('utf-8')} }}"
