"""Puts the demo together: starts everything in order, waits, checks, and leaves nothing behind."""

import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import structlog
import yaml

from redwhistle.errors import ConfigurationError, Unavailable
from redwhistle.logs import LogFormat, configure_logs
from redwhistle.places.files import read_places
from redwhistle.stopping import stop_on_signals
from server.demo import compounds, inspection
from server.demo.compounds import COMPOUNDS, Compound, Family, Ports
from server.demo.doors import account_of, console_port, fresh_logins, open_accounts
from server.demo.feeder import Feeder
from server.demo.folder import held_folder
from server.demo.guard import MARK, guarded
from server.demo.inspection import Report
from server.demo.processes import Troupe, clean_environment, script
from server.demo.screen import Screen
from server.demo.story import CARDS
from server.demo.visit import answers, look_at_the_page, work_off
from server.demo.voices import Simulator, stopped_at_the_end
from server.demo.witness import Witness
from server.demo_logins import write_demo_logins
from server.embedded.broker import EmbeddedBroker, MqttVersion
from server.embedded.ports import LOOPBACK, free_port
from server.settings import Settings
from server.store import reading
from server.store.connection import connect
from server.store.migrate import migrate
from server.store.places import open_place_store
from server.store.reading import Row
from server.wiring import embedded

CHECKOUT = Path(__file__).resolve().parents[2]
CITY = CHECKOUT / "docker" / "sample" / "city.geojson"
CLIP = CHECKOUT / "demo-data" / "bikes.mp4"
DEFAULT_FOLDER = CHECKOUT / "demo-data" / "run"
WITHIN_S = 60.0
"""So long the boxes may take to come online, and then, in a check, everything to become work items."""
STOPPED = 130
_POLL_S = 0.1
_SERVER_FOLDER = "server"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for. `minutes` None: until stopped."""

    folder: Path
    check: bool = False
    minutes: float | None = None


class _Stopped(Exception):
    """Somebody asked the demo to stop."""


def run_demo(wishes: Wishes, screen: Screen) -> int:
    """Run the demo; return the exit code. Raises RedWhistleError for what cannot be started."""
    for path, advice in (
        (CITY, "the demo runs from a checkout of the project: clone it and run `make demo` there"),
        (CLIP, "run `make demo`, which fetches it, or put any MP4 there"),
    ):
        if not path.is_file():
            raise ConfigurationError(f"there is no {path}: {advice}")
    for name in ("redwhistle", "redwhistle-edge"):
        script(name)
    with stop_on_signals() as stop:
        try:
            with (
                held_folder(wishes.folder) as folder,
                guarded(folder, folder / "guard.log"),
                _marked(folder),
                _logging(folder / "demo.log"),
                ExitStack() as stack,
            ):
                outcome = _Demo(wishes, screen, folder, stop, stack).run()
        except _Stopped:
            screen.note("已停止，没有留下进程或端口。", "Stopped; no process and no port is left.")
            return STOPPED if wishes.check else 0
    if outcome is not None:
        screen.result(outcome.to_json())
        return 0 if outcome.ok else 1
    screen.note("已结束，没有留下进程或端口。", "Done; no process and no port is left.")
    return 0


class _Demo:
    """One run; `stack` takes whatever must be stopped."""

    def __init__(
        self, wishes: Wishes, screen: Screen, folder: Path, stop: threading.Event, stack: ExitStack
    ) -> None:
        self._wishes = wishes
        self._screen = screen
        self._folder = folder
        self._stop = stop
        self._stack = stack
        self._began_s = time.monotonic()
        self._locals: dict[str, EmbeddedBroker] = {}
        self._voices: dict[str, Simulator] = {}

    def run(self) -> Report | None:
        """Everything, in order; a report if it is a check."""
        self._screen.heading("Ctrl-C")
        settings = self._start_servers()
        self._url_file = self._folder / _SERVER_FOLDER / "database-url"
        logins_file = self._folder / _SERVER_FOLDER / "demo-logins.json"
        self._logins = fresh_logins()
        write_demo_logins(logins_file, self._logins)
        port = console_port()
        self._console = f"http://{LOOPBACK}:{port}/"
        (self._folder / _SERVER_FOLDER / "console-url").write_text(f"{self._console}\n", encoding="utf-8")
        environment = {
            "REDWHISTLE_DATABASE_URL_FILE": str(self._url_file),
            "REDWHISTLE_MQTT_HOST": settings.mqtt_host,
            "REDWHISTLE_MQTT_PORT": str(settings.mqtt_port),
            "REDWHISTLE_API_HOST": LOOPBACK,
            "REDWHISTLE_API_PORT": str(port),
            "REDWHISTLE_DEMO_LOGINS_FILE": str(logins_file),
        }
        self._url = settings.database
        self._troupe = Troupe(self._folder, clean_environment(self._folder, environment))
        self._fill_database()
        self._stack.enter_context(self._troupe.running())
        pid = self._troupe.start("server", [script("redwhistle"), "serve", "--log-json"])
        self._step(f"服务器 redwhistle serve（进程 {pid}）", f"the server, process {pid}")
        for compound in COMPOUNDS:
            self._start_box(compound, settings.mqtt_port)
        feeder = Feeder(self._voices, told=self._screen.input)
        self._witness = Witness(self._url, feeder.published_s, self._screen.news)
        self._stack.enter_context(self._witness.watching())
        self._stack.enter_context(feeder.running())
        try:
            self._wait(lambda: answers(self._console), what=f"the console at {self._console}")
            self._step(f"控制台 {self._console}", f"the console, {self._console}")
            self._wait(self._is_heard, what="the boxes to come online and their sensors to be heard")
            self._step(
                "两个边缘盒在线，传感器有读数", "both boxes are online, readings of their sensors are stored"
            )
            if not self._wishes.check:
                self._hint()
            feeder.begin()
            if self._wishes.check:
                return self._check()
            self._go_on()
        except Unavailable:
            if self._wishes.check:
                self._screen.tails(self._tails())
            raise
        return None

    def _start_servers(self) -> Settings:
        settings = self._stack.enter_context(embedded(Settings(), self._folder / _SERVER_FOLDER))
        self._step(
            f"数据库 PostgreSQL，消息服务 MQTT 5（端口 {settings.mqtt_port}）",
            f"database and broker (port {settings.mqtt_port})",
        )
        for compound in COMPOUNDS:
            broker = EmbeddedBroker(self._folder / compound.box / "local", version=MqttVersion.V3_1_1)
            self._locals[compound.site] = self._stack.enter_context(broker)
            self._heed_stop()
        return settings

    def _fill_database(self) -> None:
        migrate(self._url)
        tree, _warnings = read_places(CITY).tree_and_warnings()
        with open_place_store(self._url) as store:
            store.replace(tree, dry_run=False)
        with connect(self._url, name="demo") as connection:
            for compound in COMPOUNDS:
                reading.add_box(connection, compound.box, compound.site)
        open_accounts(self._url, self._logins, datetime.now(UTC))
        count = len(tree.places)
        self._step(f"示例城市：{count} 个地点", f"the sample city: {count} places")

    def _start_box(self, compound: Compound, broker_port: int) -> None:
        folder = self._folder / compound.box
        for device in compound.of(Family.REPLAY):
            lines = (json.dumps(line, ensure_ascii=False) for line in compounds.replay_lines(device))
            (folder / compounds.REPLAY_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
        secret = folder / compounds.DOOR_KEY_FILE
        secret.touch(mode=0o600)
        secret.write_text(f"{secrets.token_urlsafe(24)}\n", encoding="utf-8")
        ports = Ports(broker_port, self._locals[compound.site].port, *_different_ports())
        written = compounds.configuration(compound, ports=ports, clip=str(CLIP))
        file = folder / "box.yaml"
        file.write_text(yaml.safe_dump(written, allow_unicode=True, sort_keys=False), encoding="utf-8")
        pid = self._troupe.start(compound.box, [script("redwhistle-edge"), "run", "--config", file])
        simulator = Simulator(
            f"simulate-{compound.box}",
            file,
            self._folder / f"simulate-{compound.box}.log",
            self._troupe.environment,
        )
        self._voices[compound.box] = self._stack.enter_context(stopped_at_the_end(simulator))
        devices = "、".join(device.label_zh for device in compound.devices)
        self._step(
            f"{compound.name_zh}边缘盒 {compound.box}（进程 {pid}）：{devices}",
            f"box in {compound.name_en}, process {pid}",
        )

    def _is_heard(self) -> bool:
        """Whether both boxes are online and each device that speaks by itself has a reading in the database."""
        with connect(self._url, name="demo", autocommit=True) as connection:
            online = {row["box"] for row in reading.list_boxes(connection) if row["online"]}
            heard = {(r["box"], r["device"]) for r in reading.count_stored(connection) if r["readings"]}
        return all(compound.box in online for compound in COMPOUNDS) and all(
            (compound.box, device.id) in heard
            for compound in COMPOUNDS
            for device in compound.devices
            if device.family not in {Family.CAMERA, Family.SIREN}
        )

    def _go_on(self) -> None:
        """Until stopped, or until the minutes are over; raise Unavailable when a process ends by itself."""
        minutes = self._wishes.minutes
        until_s = None if minutes is None else time.monotonic() + 60 * minutes
        while until_s is None or time.monotonic() < until_s:
            if self._stop.wait(5 * _POLL_S):
                raise _Stopped
            self._look_after()

    def _check(self) -> Report:
        """Wait for work items, let two workers go for one over HTTP, look through the database."""
        deadline_s = time.monotonic() + WITHIN_S
        while self._missing() and time.monotonic() < deadline_s:
            self._heed_stop()
            self._look_after()
            self._stop.wait(_POLL_S)
        missing = self._missing()
        acts: list[str] = []
        try:
            if not missing:
                missing += self._work_off(acts)
            found = self._troupe.run_command("db", "check")["findings"]
            missing += [f"db check: {one['detail']} ({one['count']})" for one in found]
        except Unavailable as error:
            missing.append(str(error))
        news = self._witness.news
        rows = self._stored()
        report = Report(
            seconds=time.monotonic() - self._began_s,
            missing=missing,
            alerts=inspection.alerts_by_source(news),
            latency=inspection.latency_of(news),
            basis=inspection.crowd_basis(news),
            rows={kind: sum(row[kind] for row in rows) for kind in ("readings", "events")},
            readings=inspection.readings_of(rows),
            acts=acts,
        )
        self._screen.report(report)
        if not report.ok:
            self._screen.tails(self._tails())
        return report

    def _missing(self) -> list[str]:
        news = self._witness.news
        numbers = {n.item["number"] for n in news}
        with connect(self._url, name="demo", autocommit=True) as connection:
            told = {number: reading.read_item(connection, str(number))["history"] for number in numbers}
            heard = {(r["box"], r["device"]) for r in reading.count_stored(connection) if r["readings"]}
            cards = reading.count_credentials(connection, CARDS)
        without = sorted(number for number, history in told.items() if not history)
        return inspection.what_is_missing(inspection.alerts_by_source(news), without, heard, cards)

    def _work_off(self, acts: list[str]) -> list[str]:
        """Two workers go for one smoke alert's item at the console's doors; what went wrong."""
        self._heed_stop()
        alert = inspection.alerts_by_source(self._witness.news)["smoke"][0]
        number = next(n.item["number"] for n in self._witness.news if n.alert["number"] == alert)
        worker, second, *_ = self._logins
        missing = look_at_the_page(self._console, self._logins)
        return missing + work_off(self._console, number, worker, second, acts)

    def _stored(self) -> list[Row]:
        with connect(self._url, name="demo", autocommit=True) as connection:
            return reading.count_stored(connection)

    def _hint(self) -> None:
        commands = (
            ("queue list", "谁该去哪里", "who has to go where"),
            ("user list", "账号与角色", "accounts and roles"),
            ("alert show 1 --why", "为何报警", "why it fired"),
            ("box list", "边缘盒", "the boxes"),
            ("queue watch", "队列实况", "the queue, live"),
        )
        self._screen.doors(self._console, [(login, account_of(login)) for login in self._logins])
        self._screen.hints(self._url_file, commands, script("redwhistle"))

    def _look_after(self) -> None:
        """Raise Unavailable when something that should run does not."""
        self._troupe.check()
        for voice in self._voices.values():
            voice.check()
        for site, broker in self._locals.items():
            if not broker.running:
                raise Unavailable(f"the local broker of {site} ended by itself: see {broker.log}")
        if self._witness.trouble is not None:
            raise Unavailable(f"the queue cannot be followed: {self._witness.trouble}")

    def _wait(self, look: Callable[[], T], *, what: str) -> T:
        """Until `look` returns something true. Raises Unavailable after `WITHIN_S`."""
        deadline_s = time.monotonic() + WITHIN_S
        while not (seen := look()):
            if time.monotonic() > deadline_s:
                raise Unavailable(
                    f"waited {WITHIN_S:.0f} s in vain for {what}: see the logs in {self._folder}"
                )
            self._look_after()
            self._heed_stop()
            self._stop.wait(_POLL_S)
        return seen

    def _tails(self) -> Iterator[tuple[str, str]]:
        yield from self._troupe.tails()
        for voice in self._voices.values():
            yield voice.name, voice.tail()

    def _step(self, zh: str, en: str) -> None:
        self._screen.step(time.monotonic() - self._began_s, zh, en)
        self._heed_stop()

    def _heed_stop(self) -> None:
        if self._stop.is_set():
            raise _Stopped


def _different_ports() -> tuple[int, int, int]:
    """Free ones, each another."""
    found: set[int] = set()
    while len(found) < 3:
        found.add(free_port())
    first, second, third = found
    return first, second, third


@contextmanager
def _marked(folder: Path) -> Iterator[None]:
    """Children started in the block carry the demo's mark."""
    os.environ[MARK] = str(folder)
    try:
        yield
    finally:
        del os.environ[MARK]


@contextmanager
def _logging(file: Path) -> Iterator[None]:
    """This process's own log lines go to a file while the block runs."""
    with file.open("a", encoding="utf-8") as stream:
        configure_logs(LogFormat.JSON, stream=stream)
        try:
            yield
        finally:
            structlog.reset_defaults()
