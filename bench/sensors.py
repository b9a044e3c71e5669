"""Boxes without a network: what their sensors say goes through the server's own ingest into the database, engine and all."""

import itertools
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import uuid_utils.compat

from redwhistle.contracts import topics
from redwhistle.contracts.topics import Leaf
from server.alerts import engine, rules, runner
from server.alerts.model import Item
from server.alerts.terms import Terms
from server.ingest.handler import Handler
from server.ingest.ports import Message, SiteKey
from server.ingest.states import StateHandler
from server.store.connection import Connection
from server.store.intake import Intake
from server.store.unit_of_work import PostgresUnitOfWork

_BOOT = "b" * 32


@dataclass(frozen=True, slots=True)
class Sensor:
    """A device of a box; `place` is an id of the tree of places."""

    device: str
    kind: str
    place: str
    label: str = ""


class Box:
    """One box: its birth, its events, its readings. What it says is stored, judged and queued when the call returns."""

    def __init__(self, mouth: "_Mouth", site: str, name: str, sensors: Sequence[Sensor]) -> None:
        self.site = site
        self.name = name
        self.sensors = tuple(sensors)
        self._mouth = mouth
        self._epochs: dict[str, str] = {}
        self._seq: dict[tuple[str, str], Iterator[int]] = {}

    def come_online(self, **more: Any) -> None:
        """Announce itself and its sensors."""
        devices = [{"id": s.device, "kind": s.kind, "place": s.place, "label": s.label} for s in self.sensors]
        self._say_state(online=True, devices=devices, **more)

    def be_lost(self, reason: str = "will") -> None:
        """As its last will says."""
        self._say_state(online=False, reason=reason)

    def say(self, device: str, kind: str, *, exercise: str = "", ago_s: float = 0, **data: Any) -> None:
        """An event, on the alarm lane; `place` in `data` is where it happened, if that is not the device's own."""
        more = {"place": data.pop("place")} if "place" in data else {}
        happened = {
            "seq": self._next("alarm", exercise),
            "id": str(uuid_utils.compat.uuid7()),
            "device": device,
            "kind": kind,
            "data": data,
            **more,
            **_moment(ago_s),
        }
        self._mouth.lane(self._message(Leaf.ALARM, exercise, events=[happened]))

    def read(self, device: str, metric: str, *values: float, ago_s: float = 0, every_s: float = 10) -> None:
        """Readings, the last of them `ago_s` ago."""
        count = len(values)
        ages = [ago_s + every_s * (count - 1 - i) for i in range(count)]
        moments = [_moment(age) for age in ages]
        columns = {
            "boot": _BOOT,
            "synced": True,
            "series": [[device, metric]],
            "seq": [self._next("telemetry", "") for _ in values],
            "row_series": [0] * count,
            "value": list(values),
            "at_ms": [moment["at_ms"] for moment in moments],
            "mono_ms": [moment["mono_ms"] for moment in moments],
        }
        self._mouth.lane(self._message(Leaf.TELEMETRY, "", readings=[columns]))

    def skip(self, lane: str, count: int) -> None:
        """Numbers that are never sent: a hole."""
        for _ in range(count):
            self._next(lane, "")

    def _say_state(self, **more: Any) -> None:
        state = {
            "v": 1,
            "site": self.site,
            "box": self.name,
            "epoch": self._epoch(""),
            "stamp": _moment(0),
            "version": "0.1.0",
            "os": "Debian 12",
            **more,
        }
        topic = topics.build(self.site, self.name, Leaf.STATE)
        self._mouth.state(Message(topic, json.dumps(state).encode(), _now_ms()))

    def _message(self, leaf: Leaf, exercise: str, **items: Any) -> Message:
        envelope = {
            "v": 1,
            "site": self.site,
            "box": self.name,
            "epoch": self._epoch(exercise),
            "lane": leaf.value,
            "sent": _moment(0),
            **({"exercise": exercise} if exercise else {}),
            **items,
        }
        return Message(topics.build(self.site, self.name, leaf), json.dumps(envelope).encode(), _now_ms())

    def _epoch(self, exercise: str) -> str:
        return self._epochs.setdefault(exercise, secrets.token_hex(16))

    def _next(self, lane: str, exercise: str) -> int:
        return next(self._seq.setdefault((lane, exercise), itertools.count(1)))


class Field:
    """Where boxes stand: makes them, all over one database."""

    def __init__(self, mouth: "_Mouth") -> None:
        self._mouth = mouth

    def box(self, site: str, name: str, *sensors: Sensor) -> Box:
        """A box that nobody has heard of yet."""
        return Box(self._mouth, site, name, sensors)


@contextmanager
def open_field(url: str, terms: Terms | None = None) -> Iterator[Field]:
    """A field over the database at `url`, judged by the default rules. Its boxes may speak from any thread."""
    pack = rules.default_pack()
    own_terms = Terms() if terms is None else terms

    def step(connection: Connection, items: Mapping[SiteKey, Sequence[Item]], now: datetime) -> None:
        runner.step(PostgresUnitOfWork(connection), items, pack, now, judge=engine, terms=own_terms)

    intake = Intake(url, name="field", stepper=step)
    try:
        yield Field(_Mouth(intake, engine.Screen(pack)))
    finally:
        intake.close()


class _Mouth:
    """One message at a time into one intake."""

    def __init__(self, intake: Intake, screen: engine.Screen) -> None:
        self._lock = threading.Lock()
        self._lanes = Handler(intake, screen, presence_step_ms=engine.PRESENCE_STEP_MS)
        self._states = StateHandler(intake)

    def lane(self, message: Message) -> None:
        with self._lock:
            self._lanes.handle([message])

    def state(self, message: Message) -> None:
        with self._lock:
            self._states.handle([message])


def _moment(ago_s: float) -> dict[str, Any]:
    mono_ms = time.monotonic_ns() // 1_000_000
    ago_ms = round(1000 * ago_s)
    return {
        "at_ms": _now_ms() - ago_ms,
        "mono_ms": max(mono_ms - ago_ms, 0),
        "boot": _BOOT,
        "synced": True,
    }


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
