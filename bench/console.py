"""The console in Chromium with a processor four times slower: first load of the worker's route, a list of a thousand alerts
while fifty a second change, and the time from a tap to what it shows.

`worker_first_load_js_gzip_kb`: the scripts that the worker's queue loads until it is live, each compressed by gzip.
`list_blocked_pct`: of the time watched, how much the main thread spent in tasks of over 50 ms, counted whole, while the desk
shows the list, the map and a selected alert. `tap_p95_ms`: from the tap on a claim button of the queue to the frame after
the one that shows it as pending or done. `tap_inp_p95_ms`: the same taps by the browser's own measure, Event Timing's
duration of the click (Interaction to Next Paint, in steps of 8 ms): until the next frame is shown, which shows it as pending.
"""

import argparse
import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import psycopg
from playwright.sync_api import Browser, Page, Response, StorageState

from bench.api_process import running_api
from bench.arguments import positive
from bench.built_console import build_console
from bench.city import plant_city
from bench.figures import percentile
from bench.items import add_items, repeat_item
from bench.machine import describe_machine
from bench.say import Say
from bench.servers.chromium import running_chromium
from bench.servers.databases import Databases
from bench.servers.folder import server_folder
from bench.servers.timescaledb import timescaledb_server
from redwhistle.errors import ConfigurationError, Unavailable
from server.embedded.ports import LOOPBACK
from server.store.migrate import migrate

DESCRIPTION = "the console in Chromium: first load, a long list under load, from tap to feedback"
PHONE = {"width": 360, "height": 780}
DESK = {"width": 1440, "height": 900}
LONG_MS = 50
_WITHIN_MS = 120_000
_SETTLE_MS = 3_000
_PAGE_ROWS = 40
_WATCH_TASKS = """
window.__long = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.__long.push([one.startTime, one.duration]);
}).observe({ type: "longtask", buffered: true });
"""
_WATCH_TAPS = """
window.__taps = [];
window.__inp = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (one.name === "click") window.__inp.push(one.duration);
}).observe({ type: "event", durationThreshold: 16, buffered: true });
document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-item]");
  if (!row || !event.target.closest("[data-act=claim]")) return;
  const look = () => {
    const answered = !row.isConnected || row.classList.contains("pending") || !row.querySelector("[data-act=claim]");
    // Seen before its frame is painted: the task after the next frame's beginning comes behind the paint.
    if (answered) requestAnimationFrame(() => setTimeout(() => window.__taps.push(performance.now() - event.timeStamp)));
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}, true);
"""
_FREE = "[data-testid=rows] [data-item] [data-act=claim]:not([aria-disabled=true])"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--alerts", type=positive, default=1000, help="open alerts (1000)")
    parser.add_argument("--events-per-s", type=positive, default=50, help="changes of them (50)")
    parser.add_argument("--seconds", type=positive, default=60, help="so long the list is watched (60)")
    parser.add_argument("--taps", type=positive, default=40, help="claims, at most a page of the list (40)")
    parser.add_argument("--slower", type=positive, default=4, help="times slower than this processor (4)")


def run(arguments: argparse.Namespace, say: Say) -> dict[str, Any]:
    """Fill a city, open the pages, watch."""
    if arguments.taps > _PAGE_ROWS:
        raise ConfigurationError(f"--taps {arguments.taps}: the list shows {_PAGE_ROWS} rows a page")
    build_console()
    with ExitStack() as stack:
        folder = stack.enter_context(server_folder("bench"))
        server = stack.enter_context(timescaledb_server(folder / "pg"))
        url = Databases(server.url).create()
        migrate(url)
        logins = {login.login: login for login in plant_city(url)}
        numbers = _raise(url, arguments.alerts)
        api = stack.enter_context(running_api(url, log=folder / "api.log"))
        origin = f"http://{LOOPBACK}:{api.port}"
        browser = stack.enter_context(running_chromium())
        sessions = {
            login: _log_in(origin, login, logins[login].password) for login in ("zhangwei", "liuyang")
        }
        say("the worker's first load")
        scripts = _first_load(browser, origin, sessions["zhangwei"])
        with _changing(url, numbers, arguments.events_per_s) as changed:
            say(f"{arguments.seconds} s of the list of {arguments.alerts}")
            listed = _watch_list(browser, origin, sessions["liuyang"], arguments)
            say(f"{arguments.taps} taps")
            taps_ms, inp_ms = _tap(browser, origin, sessions["liuyang"], arguments)
        return {
            "worker_first_load_js_gzip_kb": round(sum(scripts.values()) / 1000, 1),
            "scripts": len(scripts),
            **listed,
            "tap_p95_ms": round(percentile(taps_ms, 95), 1),
            "tap_p50_ms": round(percentile(taps_ms, 50), 1),
            "tap_inp_p95_ms": round(percentile(inp_ms, 95)),
            "tap_inp_p50_ms": round(percentile(inp_ms, 50)),
            "taps": len(taps_ms),
            "alerts": arguments.alerts,
            "events_per_s": round(changed.per_s(), 1),
            "slower": arguments.slower,
            "browser": browser.version,
            "machine": describe_machine(),
        }


class _Changes:
    """How many changes were made, and how fast."""

    def __init__(self) -> None:
        self.count = 0
        self.began_s = time.monotonic()
        self.ended_s = self.began_s

    def per_s(self) -> float:
        return self.count / max(self.ended_s - self.began_s, 1e-9)


@contextmanager
def _changing(url: str, numbers: list[int], per_s: int) -> Iterator[_Changes]:
    """Items that are triggered again in turn, against an absolute clock, while the block runs."""
    stop, changes = threading.Event(), _Changes()

    def change() -> None:
        with psycopg.connect(url) as connection:
            due_s = time.monotonic()
            while not stop.wait(max(0.0, due_s - time.monotonic())):
                repeat_item(connection, numbers[changes.count * 7 % len(numbers)])
                connection.commit()
                changes.count += 1
                changes.ended_s = time.monotonic()
                due_s += 1 / per_s

    thread = threading.Thread(target=change, name="changes")
    thread.start()
    try:
        yield changes
    finally:
        stop.set()
        thread.join()


def _raise(url: str, count: int) -> list[int]:
    """Open items over the city's compounds: per thousand 5 of grade Ⅰ, 45 Ⅱ, 150 Ⅲ, 800 Ⅳ."""
    with psycopg.connect(url) as connection:
        sites = connection.execute(
            "SELECT id, parent FROM places WHERE level = 'compound' ORDER BY id"
        ).fetchall()
        numbers: list[int] = []
        for severity, share in ((1, 5), (2, 45), (3, 150), (4, 800)):
            for i in range(-(-count * share // 1000)):
                site, grid = sites[i % len(sites)]
                numbers += add_items(connection, site, [site], grid=grid, severity=severity)
    return numbers[:count] if len(numbers) > count else numbers


def _log_in(origin: str, login: str, password: str) -> StorageState:
    answer = httpx.post(
        f"{origin}/api/v1/session", json={"login": login, "password": password}, headers={"Origin": origin}
    )
    if answer.is_error:
        raise Unavailable(f"{login} cannot log in: {answer.status_code} {answer.text[:200]}")
    cookies = [
        {"name": name, "value": value, "url": origin, "httpOnly": name == "rw_session", "sameSite": "Strict"}
        for name, value in answer.cookies.items()
    ]
    return {"cookies": cookies, "origins": []}  # type: ignore[typeddict-item]


@contextmanager
def _page(
    browser: Browser, session: StorageState, size: dict[str, int], slower: int, script: str = ""
) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        has_touch=size is PHONE,
        service_workers="block",
        locale="zh-CN",
    )
    context.add_cookies(session["cookies"])  # type: ignore[arg-type]
    context.set_default_timeout(_WITHIN_MS)
    if script:
        context.add_init_script(script)
    page = context.new_page()
    if slower > 1:
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    try:
        yield page
    finally:
        context.close()


def _first_load(browser: Browser, origin: str, session: StorageState) -> dict[str, int]:
    """Bytes of each script, compressed."""
    found: dict[str, int] = {}

    def note(response: Response) -> None:
        if response.request.resource_type == "script":
            found[response.url] = 0

    with _page(browser, session, PHONE, 1) as page:
        page.on("response", note)
        page.goto(f"{origin}/q")
        page.wait_for_selector("[data-testid=freshness]")
        page.wait_for_load_state("load")
        page.wait_for_timeout(_SETTLE_MS)
        for address in found:
            found[address] = len(gzip.compress(httpx.get(address).content, 6))
    if not found:
        raise Unavailable("the worker's page loads no script: run `make console`")
    return found


def _watch_list(
    browser: Browser, origin: str, session: StorageState, arguments: argparse.Namespace
) -> dict[str, Any]:
    with _page(browser, session, DESK, arguments.slower, _WATCH_TASKS) as page:
        began_s = time.monotonic()
        page.goto(f"{origin}/desk", wait_until="commit")
        page.wait_for_selector("[role=option]")
        shown_s = time.monotonic() - began_s
        page.locator("[role=option]").first.click()
        page.wait_for_timeout(_SETTLE_MS)
        start_ms = page.evaluate("performance.now()")
        page.wait_for_timeout(1000 * arguments.seconds)
        end_ms, tasks, rows = page.evaluate(
            "[performance.now(), window.__long, document.querySelectorAll('[role=option]').length]"
        )
        within = [duration for at, duration in tasks if start_ms <= at < end_ms]
        watched_ms = end_ms - start_ms
        return {
            "list_blocked_pct": round(100 * sum(within) / watched_ms, 2),
            "list_blocked_over_50_ms_pct": round(100 * sum(d - LONG_MS for d in within) / watched_ms, 2),
            "list_longest_task_ms": round(max(within, default=0)),
            "list_rows_in_dom": rows,
            "list_shown_ms": round(1000 * shown_s),
            "seconds": arguments.seconds,
        }


def _tap(
    browser: Browser, origin: str, session: StorageState, arguments: argparse.Namespace
) -> tuple[list[float], list[float]]:
    """Milliseconds of each tap, by our measure and by the browser's (0 for those under its least of 16)."""
    with _page(browser, session, PHONE, arguments.slower, _WATCH_TAPS) as page:
        page.goto(f"{origin}/q")
        page.wait_for_selector(_FREE)
        page.wait_for_timeout(_SETTLE_MS)
        for tap in range(arguments.taps):
            button = page.locator(_FREE).first
            button.scroll_into_view_if_needed()
            button.tap(force=True)
            page.wait_for_function("count => window.__taps.length > count", arg=tap)
        page.wait_for_timeout(_SETTLE_MS)  # the browser reports a frame after it was shown
        taps, shown = page.evaluate("[window.__taps, window.__inp]")
        return [float(ms) for ms in taps], [float(ms) for ms in shown] + [0.0] * (len(taps) - len(shown))
