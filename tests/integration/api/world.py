"""A small world behind the doors: two compounds in two grids, boxes with gaps, alerts, pictures, and people of every role."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.multirange import Multirange
from psycopg.types.range import Range
from pydantic import SecretStr

from server.alerts.model import Certainty, Hazard, Quiet, Severity
from server.alerts.records import Alert, Changes, LogEntry, SuppressionEntry
from server.alerts.work_item import Act, Entry, State, WorkItem
from server.people.accounts import NewPerson
from server.people.people import People
from server.people.records import By
from server.rights.caller import Grant
from server.rights.roles import Role
from server.store.connection import Connection, connect
from server.store.unit_of_work import begin

NOW = datetime.now(UTC).replace(microsecond=0)
PASSWORD = "a long enough phrase for tests"
PLACES: list[tuple[str, str | None, str, str, str, str | None]] = [
    ("kunming", None, "city", "昆明市", "Kunming", None),
    ("panlong", "kunming", "district", "盘龙区", "Panlong", None),
    ("wuhua", "kunming", "district", "五华区", "Wuhua", None),
    ("jinchen", "panlong", "street", "金辰街道", "Jinchen", None),
    ("jinsha", "jinchen", "community", "金沙社区", "Jinsha", None),
    ("jinsha-g3", "jinsha", "grid", "金沙3网格", "Jinsha grid 3", None),
    ("jinsha-g4", "jinsha", "grid", "金沙4网格", "Jinsha grid 4", None),
    ("jinyuan", "jinsha-g3", "compound", "锦园", "Jinyuan", "cuihu"),
    ("jinyuan-b7", "jinyuan", "building", "7栋", "Building 7", None),
    ("jinyuan-b7-u2", "jinyuan-b7", "unit", "2单元", "Unit 2", None),
    ("jinhe", "jinsha-g4", "compound", "锦和", "Jinhe", "dianchi"),
    ("jinhe-b1", "jinhe", "building", "1栋", "Building 1", None),
]
SQUARE = [[[[102.70, 25.03], [102.71, 25.03], [102.71, 25.04], [102.70, 25.04], [102.70, 25.03]]]]
GRANTS: Mapping[str, tuple[Grant, ...]] = {
    "chenjing": (Grant(Role.ADMIN),),
    "liuyang": (Grant(Role.COMMAND, place="panlong"),),
    "zhangwei": (Grant(Role.GRID_WORKER, place="jinsha-g3"),),
    "lina": (Grant(Role.GRID_WORKER, place="jinsha-g3"),),
    "heping": (Grant(Role.GRID_WORKER, place="jinsha-g4"),),
    "wangfang": (Grant(Role.PROPERTY_MANAGER, company="cuihu"),),
    "nobody": (),
}
NAMES = {
    "chenjing": "陈静",
    "liuyang": "刘洋",
    "zhangwei": "张伟",
    "lina": "李娜",
    "heping": "何平",
    "wangfang": "王芳",
    "nobody": "无名",
}
EVIDENCE = UUID("0197a3c0-0000-7000-8000-00000000e001")
JPEG = b"\xff\xd8\xff\xe0 blurred \xff\xd9"


def uuid_of(number: int) -> str:
    """A fixed id."""
    return f"0197a3c0-0000-7000-8000-{number:012d}"


@dataclass(frozen=True)
class Seeded:
    """Numbers and ids of what was put in."""

    fire: int
    gate: int
    closed: int
    drill: int
    gone: int
    items: Mapping[int, str]


def seed(url: str) -> Seeded:
    """Put the world into a fresh, migrated database."""
    with connect(url, name="test", autocommit=True) as connection:
        _places(connection)
        _devices(connection)
        _alerts(connection)
        rows = connection.execute(
            "SELECT number, id::text, place, exercise, state FROM work_items"
        ).fetchall()
    ids = {number: item for number, item, *_ in rows}

    def number(place: str, exercise: str = "", state: str | None = None) -> int:
        return next(int(r[0]) for r in rows if r[2] == place and r[3] == exercise and state in (None, r[4]))

    return Seeded(
        fire=number("jinyuan-b7-u2"),
        gate=number("jinhe-b1"),
        closed=number("jinyuan", state="closed"),
        drill=number("jinyuan-b7", "e7"),
        gone=number("torn-down"),
        items=ids,
    )


def add_people(people: People) -> dict[str, str]:
    """Accounts of every role, all with the same password; ids by login."""
    made = {}
    for login, grants in GRANTS.items():
        new = NewPerson(
            login, NAMES[login], "zh", SecretStr(PASSWORD), must_change_password=False, grants=grants
        )
        made[login] = people.accounts.add(new, By("test"), NOW).id
    return made


def _places(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO companies VALUES ('cuihu', '翠湖物业', 'Cuihu', true), ('dianchi', '滇池物业', '', false)"
    )
    for place, parent, level, zh, en, company in PLACES:
        polygon = json.dumps(SQUARE) if level in ("grid", "compound") else None
        location = json.dumps([102.705, 25.035]) if level == "compound" else None
        connection.execute(
            "INSERT INTO places (id, parent, level, name_zh, name_en, company, polygon, location, contact_roles)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                place,
                parent,
                level,
                zh,
                en,
                company,
                polygon,
                location,
                ["building_head"] if level == "building" else [],
            ),
        )
    for place in ("jinyuan", "jinhe"):
        connection.execute(
            "INSERT INTO points VALUES (%s, %s, 'exit', '东门', 'East gate', %s)",
            (f"{place}-exit", place, json.dumps([102.701, 25.031])),
        )


def _devices(connection: Connection) -> None:
    holes = Multirange([Range(1, 11), Range(15, 21)])
    connection.execute("INSERT INTO metrics (name) VALUES ('temperature_c'), ('battery_pct')")
    for site, place in (("jinyuan", "jinyuan-b7-u2"), ("jinhe", "jinhe-b1")):
        box = f"{site}-1"
        connection.execute(
            "INSERT INTO boxes (box, site, registered, online, epoch, version, clock_synced, clock_offset_ms, last_seen_at)"
            " VALUES (%s, %s, true, true, %s, '0.1', true, 12, %s)",
            (box, site, "a" * 32, NOW),
        )
        connection.execute(
            "INSERT INTO box_progress (box, epoch, lane, received, hole_since) VALUES (%s, %s, 'telemetry', %s, %s)",
            (box, "a" * 32, holes, NOW),
        )
        for device, kind, at, heartbeat in (
            ("smoke-1", "smoke", place, 60.0),
            ("gate-1", "gate", None, None),
        ):
            connection.execute(
                "INSERT INTO devices (box, device, announced, kind, label, place, heartbeat_s)"
                " VALUES (%s, %s, true, %s, '标签', %s, %s)",
                (box, device, kind, at, heartbeat),
            )
        key = connection.execute(
            "SELECT device_key FROM devices WHERE box = %s AND device = 'smoke-1'", (box,)
        ).fetchone()
        assert key is not None
        for minute in range(10):
            at_time = NOW - timedelta(minutes=minute)
            connection.execute(
                "INSERT INTO readings (time, received_at, device_at, value, seq, progress_key, device_key, metric_key)"
                " VALUES (%s, %s, %s, %s, %s, 1, %s, 1)",
                (at_time, at_time, at_time, 20.0 + minute, 100 + minute, key[0]),
            )
            connection.execute(
                "INSERT INTO rollup_pending (minute, device_keys) VALUES (date_trunc('minute', %s::timestamptz), %s)",
                (at_time, [key[0]]),
            )
        connection.execute(
            "INSERT INTO events (time, received_at, device_at, id, seq, progress_key, device_key, active, site, place,"
            " kind, data) VALUES (%s, %s, %s, gen_random_uuid(), 1, 1, %s, true, %s, %s, 'smoke', %s)",
            (NOW, NOW, NOW, key[0], site, place, json.dumps({"active": True, "credential": "k" * 16})),
        )


def _alerts(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO rule_packs (hash, name, source) VALUES ('h', 'default', 'not readable any more')"
    )
    wanted: list[tuple[str, str, str, Hazard, Severity, str, State]] = [
        ("jinyuan", "jinyuan-b7-u2", "jinsha-g3", Hazard.FIRE, Severity.URGENT, "", State.OPEN),
        ("jinhe", "jinhe-b1", "jinsha-g4", Hazard.GATE, Severity.NORMAL, "", State.OPEN),
        ("jinyuan", "jinyuan", "jinsha-g3", Hazard.SMOKE, Severity.IMPORTANT, "", State.CLOSED),
        ("jinyuan", "jinyuan-b7", "jinsha-g3", Hazard.FIRE, Severity.URGENT, "e7", State.OPEN),
        ("old-site", "torn-down", "old-grid", Hazard.FLOOD, Severity.NORMAL, "", State.OPEN),
    ]
    with begin(connection) as uow:
        for number, (site, place, grid, hazard, severity, exercise, state) in enumerate(wanted, 1):
            uow.save(_changes(number, site, place, grid, hazard, severity, exercise, state))
    connection.execute(
        "INSERT INTO evidence (id, box, epoch, device, event, site, place, taken_at, device_at, received_at, expires_at,"
        " width_px, height_px, people_blurred, method, jpeg_bytes, sha256, jpeg, tied) VALUES"
        " (%s, 'jinyuan-1', %s, 'smoke-1', %s, 'jinyuan', 'jinyuan-b7-u2', %s, %s, %s, %s, 640, 480, 2, 'pixelated', %s,"
        " 'sha', %s, true)",
        (EVIDENCE, "a" * 32, uuid_of(901), NOW, NOW, NOW, NOW + timedelta(days=3), len(JPEG), JPEG),
    )
    connection.execute("INSERT INTO evidence_alerts VALUES (%s, %s)", (EVIDENCE, uuid_of(1)))
    connection.execute("UPDATE work_items SET evidence = 1 WHERE alert = %s", (uuid_of(1),))


def _changes(
    number: int,
    site: str,
    place: str,
    grid: str,
    hazard: Hazard,
    severity: Severity,
    exercise: str,
    state: State,
) -> Changes:
    at = NOW - timedelta(minutes=number)
    closed = NOW if state is State.CLOSED else None
    alert = Alert(
        id=uuid_of(number),
        site=site,
        exercise=exercise,
        hazard=hazard,
        severity=severity,
        certainty=Certainty.CONFIRMED,
        place=place,
        rule="fire.two",
        pack_hash="h",
        device="smoke-1",
        first_item="i",
        happened_at=at,
        raised_at=at,
        last_at=at,
        closed_at=closed,
    )
    item = WorkItem(
        id=uuid_of(100 + number),
        alert=alert.id,
        exercise=exercise,
        grid=grid,
        site=site,
        place=place,
        hazard=hazard,
        severity=severity,
        certainty=Certainty.CONFIRMED,
        state=State.OPEN,
        opened_at=at,
        deadline_at=at + timedelta(minutes=5),
        last_at=at,
    )
    if closed is not None:
        item = replace(
            item, state=State.CLOSED, closed_at=closed, closed_by="zhangwei", outcome=State.RESOLVED
        )
    why: dict[str, Any] = {
        "rule": "fire.two",
        "sources": [{"device": "smoke-1"}, {"device": "camera-3"}],
        "linked": [],
    }
    return Changes(
        at=at,
        new_alerts=(alert,),
        log=(
            LogEntry(
                alert.id, at, at, "raise", "i", "smoke-1", severity, Certainty.CONFIRMED, None, None, why
            ),
        ),
        suppressions=(
            SuppressionEntry(at, at, site, exercise, "i", "smoke-1", Quiet.COOLDOWN, "fire.two", "again"),
        ),
        new_items=(item,),
        history=(Entry(item.id, at, "engine", Act.RAISE, None, State.OPEN, 1),),
    )
