"""Two compounds in two grids; and the two stores that have to behave alike."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from server.alerts.ports import UnitOfWork
from server.alerts.records import Alert, LogEntry, SuppressionEntry
from server.alerts.testing import MemoryStore
from server.alerts.work_item import Act, Entry, State, WorkItem
from server.store import queue_rows
from server.store.connection import connect
from server.store.unit_of_work import PostgresUnitOfWork

PLACES = [
    ("kunming", None, "city", "昆明", "Kunming"),
    ("panlong", "kunming", "district", "盘龙区", "Panlong"),
    ("jinchen", "panlong", "street", "金辰街道", "Jinchen"),
    ("jinsha", "jinchen", "community", "金沙社区", "Jinsha"),
    ("jinsha-g3", "jinsha", "grid", "金沙3网格", "Jinsha grid 3"),
    ("jinsha-g4", "jinsha", "grid", "金沙4网格", "Jinsha grid 4"),
    ("jinyuan", "jinsha-g3", "compound", "锦园", "Jinyuan"),
    ("jinyuan-b7", "jinyuan", "building", "7栋", "Building 7"),
    ("jinyuan-b7-u2", "jinyuan-b7", "unit", "2单元", "Unit 2"),
    ("jinyuan-b8", "jinyuan", "building", "8栋", "Building 8"),
    ("jinhe", "jinsha-g4", "compound", "锦和", "Jinhe"),
    ("jinhe-b1", "jinhe", "building", "1栋", "Building 1"),
]


@pytest.fixture
def database(database: str) -> str:
    """The URL of a fresh, migrated database with the places above."""
    with connect(database, name="test") as connection:
        for place in PLACES:
            connection.execute(
                "INSERT INTO places (id, parent, level, name_zh, name_en) VALUES (%s, %s, %s, %s, %s)", place
            )
    return database


@dataclass(frozen=True)
class Store:
    """A store under test: transactions, and what is in it afterwards."""

    transaction: Callable[[], AbstractContextManager[UnitOfWork]]
    items: Callable[[], list[WorkItem]]
    alerts: Callable[[], list[Alert]]
    log: Callable[[], list[LogEntry]]
    history: Callable[[], list[Entry]]
    suppressions: Callable[[], list[SuppressionEntry]]
    steps: Callable[[], dict[tuple[str, str], int]]
    told: Callable[[], list[tuple[str, State, int]]]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.servers)])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Each test of the suite runs on the double and on the real thing."""
    if request.param == "memory":
        yield _memory()
        return
    with _postgres(request.getfixturevalue("database")) as made:
        yield made


def _memory() -> Store:
    memory = MemoryStore(
        {
            "jinyuan": "jinsha-g3",
            "jinyuan-b7": "jinsha-g3",
            "jinyuan-b7-u2": "jinsha-g3",
            "jinyuan-b8": "jinsha-g3",
            "jinhe": "jinsha-g4",
            "jinhe-b1": "jinsha-g4",
        }
    )
    return Store(
        transaction=memory.transaction,
        items=lambda: sorted(memory.tables.items.values(), key=lambda i: i.number),
        alerts=lambda: list(memory.tables.alerts.values()),
        log=lambda: list(memory.tables.log),
        history=lambda: list(memory.tables.history),
        suppressions=lambda: list(memory.tables.suppressions),
        steps=lambda: dict(memory.tables.steps),
        told=lambda: list(memory.tables.told),
    )


@contextmanager
def _postgres(url: str) -> Iterator[Store]:
    with connect(url, name="test", autocommit=True) as connection:
        connection.execute("LISTEN rw_queue")

        def rows(query: str) -> list[dict[str, Any]]:
            cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
            return cursor.execute(query.encode()).fetchall()

        @contextmanager
        def transaction() -> Iterator[UnitOfWork]:
            with connect(url, name="test") as other:
                yield PostgresUnitOfWork(other)

        def told() -> list[tuple[str, State, int]]:
            heard = [json.loads(n.payload) for n in connection.notifies(timeout=0.2)]
            return [(one["item"], State(one["state"]), one["version"]) for one in heard]

        def record(kind: type[Any], row: dict[str, Any]) -> Any:
            names = kind.__dataclass_fields__
            values = {n: str(v) if n in {"alert", "item"} else v for n, v in row.items() if n in names}
            if "act" in values:
                values["act"] = Act(values["act"])
            return kind(**values)

        def items() -> list[WorkItem]:
            found = rows("SELECT *, id::text, alert::text FROM work_items ORDER BY number")
            return [queue_rows.work_item(row) for row in found]

        yield Store(
            transaction=transaction,
            items=items,
            alerts=lambda: [
                queue_rows.alert(r) for r in rows("SELECT *, id::text FROM alerts ORDER BY number")
            ],
            log=lambda: [record(LogEntry, r) for r in rows("SELECT * FROM alert_log ORDER BY id")],
            history=lambda: [record(Entry, r) for r in rows("SELECT * FROM work_item_history ORDER BY id")],
            suppressions=lambda: [
                record(SuppressionEntry, r) for r in rows("SELECT * FROM suppressions ORDER BY id")
            ],
            steps=lambda: {
                (r["site"], r["exercise"]): r["steps"] for r in rows("SELECT * FROM engine_state")
            },
            told=told,
        )
