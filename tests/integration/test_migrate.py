"""Migrations: in order, once, together, onto filled databases, refused where they do not fit."""

import threading
from pathlib import Path

import psycopg
import pytest

from redwhistle.errors import SchemaError, Unavailable
from server.store import migrate as module
from server.store.migrate import Migration, migrate, migrations, read_status, require_current

pytestmark = pytest.mark.servers


def test_an_empty_database_becomes_current_and_stays_so(empty_database: str) -> None:
    with pytest.raises(SchemaError, match="redwhistle db migrate"):
        require_current(empty_database)
    planned = migrate(empty_database, dry_run=True)
    assert read_status(empty_database).applied == ()
    assert migrate(empty_database) == planned
    assert migrate(empty_database) == ()
    require_current(empty_database)


def test_two_who_migrate_at_once_apply_each_migration_once(empty_database: str) -> None:
    applied: list[tuple[str, ...]] = []
    threads = [threading.Thread(target=lambda: applied.append(migrate(empty_database))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, applied)) == [0, 0, 0, len(migrations())]


def test_a_filled_database_is_migrated_up_and_keeps_its_rows(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = migrations()
    monkeypatch.setattr(module, "migrations", lambda: every[:3])
    migrate(empty_database)
    with psycopg.connect(empty_database) as connection:
        connection.execute("INSERT INTO places (id, level, name_zh) VALUES ('km', 'city', '昆明')")
        connection.execute(
            "INSERT INTO readings SELECT now() - i * interval '1 minute', now(), now(), i, i, 1, 1, 0, 1, 0"
            " FROM generate_series(1, 10000) AS i"
        )
    more = Migration(
        9999, "later", "ALTER TABLE readings ADD COLUMN note text; UPDATE places SET name_en = 'Kunming'", "x"
    )
    monkeypatch.setattr(module, "migrations", lambda: (*every, more))
    assert migrate(empty_database)[-1] == "9999_later"
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT count(*), count(note) FROM readings").fetchone() == (10000, 0)
        assert connection.execute("SELECT name_zh, name_en FROM places").fetchall() == [("昆明", "Kunming")]


def test_a_failing_migration_leaves_the_ones_before_it_and_nothing_of_itself(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = migrations()
    broken = Migration(9999, "broken", "CREATE TABLE half (x int); SELECT 1 / 0", "x")
    monkeypatch.setattr(module, "migrations", lambda: (*every, broken))
    with pytest.raises(Exception, match="division by zero"):
        migrate(empty_database)
    status = read_status(empty_database)
    assert status.missing == ("9999_broken",)
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT to_regclass('half')").fetchone() == (None,)


def test_an_edited_migration_and_a_newer_database_are_refused(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty_database)
    every = migrations()
    edited = (*every[:-1], Migration(every[-1].number, every[-1].name, every[-1].text, "0" * 64))
    monkeypatch.setattr(module, "migrations", lambda: edited)
    with pytest.raises(SchemaError, match="never edited"):
        migrate(empty_database)
    monkeypatch.setattr(module, "migrations", lambda: every[:-1])
    with pytest.raises(SchemaError, match="at least as new"):
        require_current(empty_database)


def test_a_database_that_is_not_there_is_named_unavailable() -> None:
    with pytest.raises(Unavailable, match="cannot serve now"):
        migrate("postgresql://nobody@127.0.0.1:1/none?connect_timeout=2")


def test_migration_files_are_numbered_without_gaps() -> None:
    assert [m.number for m in migrations()] == list(range(1, len(migrations()) + 1))
    assert all(Path(m.name).name == m.name for m in migrations())
