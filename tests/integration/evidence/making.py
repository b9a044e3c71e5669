"""Pictures, alarms and intakes for these tests."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import cv2
import numpy as np
import psycopg
import uuid_utils.compat

from bench.places import plant_compound
from redwhistle.contracts import codec
from redwhistle.contracts.envelope import Ack, Stamp
from redwhistle.contracts.evidence import Evidence
from server.alerts import engine, rules, runner
from server.alerts.model import Item
from server.ingest.evidence import EvidenceHandler
from server.ingest.handler import Handler
from server.ingest.ports import Answer, Message
from server.store.connection import Connection
from server.store.intake import Intake
from server.store.unit_of_work import PostgresUnitOfWork

NOW_MS = 1_795_000_000_000
BOOT = "a" * 32
EPOCH = "e" * 32
PACK = rules.default_pack()
TOPIC = "rw/v1/jinyuan/box-1/evidence"


def picture(level: int = 120, width_px: int = 64, height_px: int = 36) -> bytes:
    done, jpeg = cv2.imencode(".jpg", np.full((height_px, width_px, 3), level, dtype=np.uint8))
    assert done
    return jpeg.tobytes()


PICTURE = picture()


def uuid7() -> UUID:
    return uuid_utils.compat.uuid7()


def evidence(event: UUID, *, box: str = "box-1", site: str = "jinyuan", **more: Any) -> Evidence:
    values: dict[str, Any] = {
        "site": site,
        "box": box,
        "epoch": EPOCH,
        "sent": Stamp(at_ms=NOW_MS, mono_ms=2_000, boot=BOOT, synced=True),
        "id": uuid7(),
        "event": event,
        "device": "cam-1",
        "at_ms": NOW_MS - 3_000,
        "mono_ms": 1_000,
        "boot": BOOT,
        "synced": True,
        "width_px": 64,
        "height_px": 36,
        "people_blurred": 1,
        "method": "whole_frame",
        "jpeg": PICTURE,
    }
    return Evidence(**values | more)


def message(model: Evidence, received_ms: int = NOW_MS, topic: str = TOPIC) -> Message:
    return Message(topic, codec.encode(model), received_ms)


def fire(event: UUID, seq: int = 1, *, device: str = "cam-1", exercise: str | None = None) -> Message:
    """The alarm of a camera that sees fire."""
    one = {
        "seq": seq,
        "id": str(event),
        "device": device,
        "kind": "flame_seen",
        "at_ms": NOW_MS - 3_000,
        "mono_ms": 1_000,
        "boot": BOOT,
        "synced": True,
        "data": {"score": 0.9, "frames": 4},
    }
    sent = {"at_ms": NOW_MS, "mono_ms": 2_000, "boot": BOOT, "synced": True}
    whole = {"v": 1, "site": "jinyuan", "box": "box-1", "epoch": EPOCH, "lane": "alarm", "sent": sent}
    payload = json.dumps(whole | {"events": [one]} | ({"exercise": exercise} if exercise else {}))
    return Message("rw/v1/jinyuan/box-1/alarm", payload.encode(), NOW_MS)


def acks(answers: Sequence[Answer]) -> list[Ack]:
    return [codec.decode_ack(answer.payload) for answer in answers]


class World:
    """One ingest process's parts over a database, without a broker, and questions to that database."""

    def __init__(self, url: str, *, keep: timedelta = timedelta(hours=72), hourly: int = 240) -> None:
        self.url = url
        plant_compound(url, "jinyuan", "jinhe")
        self.intake = Intake(url, name="test", stepper=_step, keep_evidence=keep)
        self.alarms = Handler(self.intake, engine.Screen(PACK), presence_step_ms=30_000)
        self.pictures = EvidenceHandler(self.intake, hourly=hourly)

    def rows(self, query: str) -> list[Any]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()

    def one(self, query: str) -> Any:
        ((value,),) = self.rows(query)
        return value

    def close(self) -> None:
        self.intake.close()


def _step(connection: Connection, items: Mapping[tuple[str, str], Sequence[Item]], now: datetime) -> None:
    runner.step(PostgresUnitOfWork(connection), items, PACK, now, judge=engine)
