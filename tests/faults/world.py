"""A whole system of real processes over one database and one broker, and boxes that play scripts into it."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg
import yaml

from bench.servers.databases import Databases
from bench.servers.folder import server_folder
from bench.servers.mosquitto import Mosquitto, MosquittoOptions
from edge.agent.outbox.report import OutboxReport, read_report
from redwhistle.errors import OutboxError
from redwhistle.places.model import Level, Place
from redwhistle.places.tree import PlaceTree
from server.store.places import open_place_store
from tests.faults.programs import Program, command
from tests.faults.scripts import Script

T = TypeVar("T")
SITES = ("site-1", "site-2", "site-3")
BUILDINGS = 120
_LEVELS = (Level.CITY, Level.DISTRICT, Level.STREET, Level.COMMUNITY, Level.GRID)
EDGE = ("-c", "from edge.cli import main; main()")
SERVER = ("-c", "from redwhistle.cli import main; main()")


def plant(url: str) -> None:
    """A city down to one grid; in it three compounds, each of many buildings."""
    places = [
        Place(id=level.value, level=level, name_zh=f"测试{level.value}", parent=above and above.value)
        for above, level in zip((None, *_LEVELS), _LEVELS, strict=False)
    ]
    for site in SITES:
        places.append(Place(id=site, level=Level.COMPOUND, name_zh=f"小区 {site}", parent=Level.GRID.value))
        places += [
            Place(id=f"{site}-b{n}", level=Level.BUILDING, name_zh=f"{n} 栋", parent=site)
            for n in range(1, BUILDINGS + 1)
        ]
    with open_place_store(url) as store:
        store.replace(PlaceTree(places=tuple(places)), dry_run=False)


def build_world(
    stack: contextlib.ExitStack, databases: Databases, options: MosquittoOptions | None = None
) -> "World":
    """A world with a broker and a database of its own; everything ends with `stack`."""
    folder = stack.enter_context(server_folder("faults"))
    url = databases.migrated(import_module("server.store.migrate").migrate)
    stack.callback(databases.drop, url)
    broker = stack.enter_context(Mosquitto(stack.enter_context(server_folder("mosquitto")), options))
    return stack.enter_context(World(folder, url, broker))


@dataclass(slots=True)
class Box:
    """One box's agent, its folder and what it is to see."""

    name: str
    site: str
    folder: Path
    program: Program
    script: Script | None = None
    kills: int = 0
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def outbox_file(self) -> Path:
        return self.folder / "data" / "outbox.db"

    def report(self) -> OutboxReport:
        """What is in the outbox now; waits out the moment in which the file is being made."""
        for _ in range(300):
            with contextlib.suppress(OutboxError, TypeError):
                return read_report(self.outbox_file)
            time.sleep(0.1)
        return read_report(self.outbox_file)

    def waiting(self) -> int:
        """Items on disk that the server has not acknowledged."""
        report = self.report()
        return report.alarms + report.telemetry_events + report.readings + report.gaps

    def has_played(self) -> bool:
        """Whether its replay source is through."""
        return self.program.count("source_ended") > 0

    def kill(self) -> None:
        """SIGKILL."""
        self.kills += 1
        self.program.kill()

    def start_again(self) -> None:
        """Start after kill(); the replay goes on with what the outbox has not got, as a sensor would."""
        if self.script is not None:
            self.script.rest(self.report().last_seq.get("alarm", 0)).write(self.folder / "log.jsonl")
        self.program.start()


class World:
    """Starts and always ends its processes. `broker` and the database belong to the caller."""

    def __init__(self, folder: Path, url: str, broker: Mosquitto) -> None:
        self.folder = folder
        self.url = url
        self.broker = broker
        self.boxes: dict[str, Box] = {}
        self.programs: list[Program] = []
        self.cancelled = threading.Event()
        self._server_env = {"REDWHISTLE_DATABASE_URL": url}
        plant(url)

    def start_ingest(self, name: str = "ingest", *, port: int | None = None, wait: bool = True) -> Program:
        """`redwhistle ingest` over the broker's port or another; returns when it is subscribed."""
        words = [*SERVER, "ingest", "--mqtt-port", str(port or self.broker.port), "--log-json"]
        env = dict(self._server_env)
        authority = self.broker.authority
        if authority is not None:
            certificate, key = authority.client("RedWhistle-Server")
            env |= {
                "REDWHISTLE_MQTT_CA_FILE": str(authority.ca_file),
                "REDWHISTLE_MQTT_CERT_FILE": str(certificate),
                "REDWHISTLE_MQTT_KEY_FILE": str(key),
            }
        program = Program(name, words, self.folder / f"{name}.log", env)
        self.programs.append(program)
        program.start()
        if wait:
            self.await_ingest(program)
        return program

    def await_ingest(self, program: Program) -> None:
        """Return when it holds its three connections."""
        self.wait(lambda: program.count("broker_connected") >= 3, 30, f"{program.name} subscribed")

    def start_dispatch(self) -> Program:
        """`redwhistle dispatch`."""
        words = [*SERVER, "dispatch", "--log-json"]
        program = Program("dispatch", words, self.folder / "dispatch.log", self._server_env)
        self.programs.append(program)
        program.start()
        return program

    def add_box(
        self,
        name: str,
        site: str,
        script: Script | None = None,
        *,
        port: int | None = None,
        sources: Sequence[dict[str, Any]] = (),
        words: Sequence[str | Path] = EDGE,
        start: bool = True,
        broker: dict[str, Any] | None = None,
        **settings: Any,
    ) -> Box:
        """A box that plays `script` (and has `sources`), with short times; started unless told otherwise."""
        folder = self.folder / name
        folder.mkdir()
        listed = [dict(source) for source in sources]
        if script is not None:
            script.write(folder / "log.jsonl")
            listed.append({"type": "replay", "file": "log.jsonl"})
            settings = {"devices": script.devices()} | settings
        config: dict[str, Any] = {
            "site": site,
            "box": name,
            "data_dir": "data",
            "broker": {
                "host": "127.0.0.1",
                "port": port or self.broker.port,
                "keepalive_s": 5,
                "connect_timeout_s": 3,
                "will_delay_s": 1,
            }
            | (broker or {}),
            "clock": "always",
            "health_every_s": 3600,
            "sources": listed,
        } | settings
        authority = self.broker.authority
        if authority is not None and "tls" not in config["broker"]:
            certificate, key = authority.client(name)
            config["broker"]["tls"] = {
                "ca_file": str(authority.ca_file),
                "cert_file": str(certificate),
                "key_file": str(key),
            }
        return self.put_box(
            Box(name, site, folder, self._agent(name, folder, words), script, config=config), start
        )

    def put_box(self, box: Box, start: bool = True) -> Box:
        """Write the box's configuration and take it in."""
        (box.folder / "box.yaml").write_text(yaml.safe_dump(box.config), encoding="utf-8")
        self.boxes[box.folder.name] = box
        self.programs.append(box.program)
        if start:
            box.program.start()
        return box

    def _agent(self, name: str, folder: Path, words: Sequence[str | Path]) -> Program:
        return Program(name, [*words, "run", "--config", folder / "box.yaml"], folder / "box.log")

    def await_connected(self, *boxes: Box) -> None:
        """Return when these boxes are connected."""
        for box in boxes:
            told = box.program.count
            self.wait(partial(told, "uplink_connected"), 40, f"{box.name} connected")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database says, through a connection of its own."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=10) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def await_rows(self, timeout_s: float, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database says as soon as it says anything."""
        return self.wait(lambda: self.rows(query, *values), timeout_s, f"{query} {values}", every_s=0.05)

    def one(self, query: str, *values: Any) -> Any:
        """The first column of the first row."""
        return self.rows(query, *values)[0][0]

    def json(self, *words: str | Path) -> dict[str, Any]:
        """What `redwhistle … --json` prints."""
        done = command([*words, "--json"], self._server_env)
        assert done.returncode == 0, f"redwhistle {' '.join(map(str, words))}: {done.stdout}{done.stderr}"
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def box_row(self, name: str) -> dict[str, Any]:
        """This box as `redwhistle box list --json` shows it."""
        (row,) = (row for row in self.json("box", "list")["boxes"] if row["box"] == name)
        found: dict[str, Any] = row
        return found

    def wait(self, look: Callable[[], T], timeout_s: float, what: str, every_s: float = 0.1) -> T:
        """Call `look` until it returns something true; raise TimeoutError naming `what` and what was seen last."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            seen = look()
            if seen:
                return seen
            if time.monotonic() >= deadline_s:
                raise TimeoutError(f"not within {timeout_s:g} s: {what}; last seen: {seen!r}")
            self.pause(every_s)

    def pause(self, seconds: float) -> None:
        """Let time pass (an outage has a length); raise when the run is being ended."""
        if self.cancelled.wait(seconds):
            raise InterruptedError("the run is being ended")

    def tails(self) -> str:
        """The ends of all logs."""
        return "\n".join([program.tail() for program in self.programs])

    def close(self) -> None:
        """End every process."""
        for program in self.programs:
            program.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
