"""Migration 0005 on a database that has items in every state."""

import psycopg
import pytest

from server.store import migrate as module
from server.store.migrate import migrate, migrations

pytestmark = pytest.mark.servers


def test_items_of_every_state_are_taken_along(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    every = migrations()
    monkeypatch.setattr(module, "migrations", lambda: every[:4])
    migrate(empty_database)
    states = ["suspected", "open", "claimed", "on_scene", "resolved", "false_alarm", "closed"]
    with psycopg.connect(empty_database) as connection:
        connection.execute("INSERT INTO places (id, level, name_zh) VALUES ('km', 'city', '昆明')")
        for state in states:
            connection.execute(
                "INSERT INTO work_items (id, grid, site, place, hazard, severity, state, owner, lease_until, deadline_at,"
                " opened_at, last_at) SELECT gen_random_uuid(), 'km', 'km', 'km', 'fire', 1, %(state)s, o, l, now(),"
                " now(), now() FROM (SELECT CASE WHEN %(held)s THEN '张伟' END AS o, CASE WHEN %(held)s THEN now() END AS l) x",
                {"state": state, "held": state not in {"suspected", "open"}},
            )
    monkeypatch.setattr(module, "migrations", lambda: every)
    assert "0005_queue" in migrate(empty_database)
    with psycopg.connect(empty_database) as connection:
        rows = connection.execute(
            "SELECT state, certainty, outcome, closes_at IS NOT NULL, closed_at IS NOT NULL, owner FROM work_items"
            " ORDER BY number"
        ).fetchall()
    assert rows == [
        ("suspected", "suspected", None, False, False, None),
        ("open", "confirmed", None, False, False, None),
        ("claimed", "confirmed", None, False, False, "张伟"),
        ("on_scene", "confirmed", None, False, False, "张伟"),
        ("resolved", "confirmed", "resolved", True, False, "张伟"),
        ("false_alarm", "confirmed", "false_alarm", True, False, "张伟"),
        ("closed", "confirmed", None, False, True, None),
    ]
