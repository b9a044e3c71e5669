"""One running server with its console, and people who come to it with browsers of their own."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
from playwright.sync_api import Browser, BrowserContext, Page, StorageState
from psycopg.rows import dict_row

from bench.api_process import running_api
from bench.built_console import build_console
from bench.city import place_boxes, plant_city
from bench.sensors import Box, Field, open_field
from bench.servers.proxy import CuttableProxy, Line
from server.alerts import acts, engine, rules
from server.alerts.work_item import Act
from server.demo_logins import DemoLogin, write_demo_logins
from server.embedded.ports import LOOPBACK
from server.store.connection import connect
from server.store.unit_of_work import begin
from tests.e2e.browsing import Watch

PHONE = (360, 780)
DESK = (1440, 900)
WALL = (1920, 1080)
NARROWEST = (320, 640)
_PACK = rules.default_pack()


@dataclass(frozen=True, slots=True)
class Machine:
    """A database, the API in a process of its own, and a proxy in front of it that can be cut."""

    url: str
    line: CuttableProxy
    field: Field
    boxes: tuple[Box, ...]
    logins: Mapping[str, DemoLogin]
    log: Path
    _read: list[int] = dataclass_field(default_factory=lambda: [0])

    @property
    def origin(self) -> str:
        """Where the console is, seen through the proxy."""
        return f"http://{LOOPBACK}:{self.line.port}"

    def faults(self) -> list[str]:
        """What the server's log says of faults of its own, since the last time that it was asked."""
        lines = self.log.read_text("utf-8").splitlines()
        new = lines[self._read[0] :]
        self._read[0] = len(lines)
        return [line for line in new if '"action": "request_failed"' in line or '"level": "error"' in line]


@dataclass(slots=True)
class Person:
    """Somebody with a browser."""

    login: str
    name: str
    context: BrowserContext
    page: Page
    watch: Watch

    def go(self, path: str) -> Page:
        """Open a page of the console."""
        self.page.goto(f"{self.watch.origin}{path}", wait_until="domcontentloaded")
        return self.page


@dataclass(slots=True)
class World:
    """The machine for one test: an empty queue at its begin, and browsers that are watched and closed at its end."""

    machine: Machine
    browser: Browser
    sessions: dict[str, StorageState]
    _people: list[Person] = dataclass_field(default_factory=list)

    @property
    def jinyuan(self) -> Box:
        """The box in 锦园, in the grid of both workers."""
        return self.machine.boxes[0]

    @property
    def jinhe(self) -> Box:
        """The box in 锦和, in another grid."""
        return self.machine.boxes[1]

    def enter(
        self,
        login: str | None,
        *,
        size: tuple[int, int] = PHONE,
        theme: str = "light",
        lang: str = "zh",
        touch: bool | None = None,
        workers: bool = False,
        **more: Any,
    ) -> Person:
        """A person with a browser of their own, logged in (None: nobody yet). `workers`: with the service worker."""
        width, height = size
        state = None if login is None else self.session(login)
        if login is not None:
            self.ask(login, "PATCH", "/me", {"lang": lang})
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=width < 700 if touch is None else touch,
            locale="zh-CN" if lang == "zh" else "en-GB",
            timezone_id="Asia/Shanghai",
            storage_state=state,
            service_workers="allow" if workers else "block",
            reduced_motion="reduce",
            **more,
        )
        context.set_default_timeout(10_000)
        context.add_init_script(
            "if (location.protocol === 'http:') {"
            f" localStorage.setItem('rw.theme', '{theme}'); localStorage.setItem('rw.lang', '{lang}'); }}"
        )
        watch = Watch(self.machine.origin).over(context)
        name = "" if login is None else self.machine.logins[login].name
        person = Person(login or "", name, context, context.new_page(), watch)
        self._people.append(person)
        return person

    def session(self, login: str) -> StorageState:
        """The cookies of a session of this person, one for all tests."""
        if login not in self.sessions:
            self.sessions[login] = new_session(self.machine, login)
        return self.sessions[login]

    def ask(self, login: str, method: str, path: str, body: Any = None) -> Any:
        """A request to the API as this person."""
        cookies = {one["name"]: one["value"] for one in self.session(login)["cookies"]}
        headers = {
            "X-CSRF-Token": cookies["rw_csrf"],
            "Origin": self.machine.origin,
            "Idempotency-Key": str(uuid.uuid4()),
        }
        answer = httpx.request(
            method,
            f"{self.machine.origin}/api/v1{path}",
            json=body,
            cookies=cookies,
            headers=headers,
            timeout=10,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """What the database holds."""
        with psycopg.connect(self.machine.url, row_factory=dict_row) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def item(self, **wanted: Any) -> dict[str, Any]:
        """The one open work item with these values."""
        found = [
            row
            for row in self.rows("SELECT * FROM work_items WHERE state <> 'closed' ORDER BY number")
            if all(row[name] == value for name, value in wanted.items())
        ]
        assert len(found) == 1, found
        return found[0]

    def act(self, number: int, what: Act, login: str, reason: str = "") -> None:
        """An act of somebody whose browser the test does not watch."""
        with connect(self.machine.url, name="test", autocommit=True) as connection, begin(connection) as uow:
            now = datetime.now(UTC)
            acts.perform(uow, str(number), what, login, now, pack=_PACK, judge=engine, reason=reason)

    def clear(self) -> None:
        """Close whatever is open, so that what comes next is new."""
        self.machine.line.heal()
        for row in self.rows(
            "SELECT number, state, owner FROM work_items WHERE state <> 'closed' ORDER BY number"
        ):
            owner = row["owner"] or "clearing"
            if row["owner"] is None and row["state"] not in {"resolved", "false_alarm"}:
                self.act(row["number"], Act.CLAIM, owner)
            if row["state"] not in {"resolved", "false_alarm"}:
                self.act(row["number"], Act.RESOLVE, owner, "the test is over")
            self.act(row["number"], Act.CLOSE, owner)

    def leave(self, *, check: bool) -> None:
        """Close the browsers; `check` that none did what it may not, and that the server failed in nothing."""
        faults = self.machine.faults()
        try:
            if check:
                for person in self._people:
                    person.watch.check()
                assert faults == [], "the server failed"
        finally:
            for person in self._people:
                person.context.close()
            self._people.clear()


@contextmanager
def running_machine(url: str, folder: Path) -> Iterator[Machine]:
    """A machine over a migrated database, with the demo's city, accounts and boxes."""
    build_console()
    logins = plant_city(url)
    file = folder / "demo-logins.json"
    write_demo_logins(file, logins)
    with ExitStack() as stack:
        field = stack.enter_context(open_field(url))
        boxes = place_boxes(field)
        for box in boxes:
            for sensor in box.sensors:
                if sensor.kind == "smoke":
                    box.read(sensor.device, "battery_pct", 96, 95)
        told = {"REDWHISTLE_DEMO_LOGINS_FILE": str(file)}
        api = stack.enter_context(running_api(url, log=folder / "api.log", settings=told))
        line = stack.enter_context(CuttableProxy(api.port))
        yield Machine(url, line, field, boxes, {login.login: login for login in logins}, folder / "api.log")


def new_session(machine: Machine, login: str) -> StorageState:
    """Log in over HTTP: the cookies as a browser would keep them."""
    given = machine.logins[login]
    answer = httpx.post(
        f"{machine.origin}/api/v1/session",
        json={"login": given.login, "password": given.password},
        headers={"Origin": machine.origin},
        timeout=10,
    )
    answer.raise_for_status()
    return {
        "cookies": [
            {
                "name": name,
                "value": value,
                "domain": LOOPBACK,
                "path": "/",
                "expires": -1,
                "httpOnly": name == "rw_session",
                "secure": False,
                "sameSite": "Strict",
            }
            for name, value in answer.cookies.items()
        ],
        "origins": [],
    }


def is_whole(machine: Machine) -> bool:
    """Whether nothing stands in the way between browser and server."""
    return machine.line.line is Line.OPEN
