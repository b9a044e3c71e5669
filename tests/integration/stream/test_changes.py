"""Reading changes by transaction numbers: nothing is missed, whatever commits in whatever order; nothing comes twice."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.items import add_items, close_item, repeat_item
from bench.servers.databases import Databases
from bench.servers.waiting import wait_for
from server.records.changes import Changes, Lost, Standing
from server.store.changes import ChangeReader
from server.store.connection import connect
from server.store.listening import follow_changes
from tests.integration.stream.conftest import NewSite

pytestmark = pytest.mark.servers


@pytest.fixture
def reader(url: str) -> Iterator[ChangeReader]:
    with connect(url, name="test", autocommit=True) as connection:
        made = ChangeReader(closed_kept=3)
        made.use(connection)
        # A transaction of another test's database holds the position back, and what earlier tests did is read again.
        wait_for(lambda: _is_behind_us(connection), timeout_s=60, what="the position has passed what stands")
        yield made


def _is_behind_us(connection: psycopg.Connection[Any]) -> bool:
    return connection.execute(
        "SELECT coalesce(max(changed_xid), '0') < pg_snapshot_xmin(pg_current_snapshot()) FROM work_items"
        " WHERE changed_xid < pg_snapshot_xmax(pg_current_snapshot())"
    ).fetchone() == (True,)


def read_changes(reader: ChangeReader) -> Changes:
    news = reader.read()
    assert isinstance(news, Changes)
    return news


def numbers(news: Changes | Standing) -> list[int]:
    return sorted(item.number for item in news.items)


def test_first_all_that_stands_then_only_what_changed(
    reader: ChangeReader, connection: psycopg.Connection, new_site: NewSite
) -> None:
    site = new_site()
    first, second = add_items(connection, site, [site, site])
    standing = reader.read()
    assert isinstance(standing, Standing)
    assert {first, second} <= set(numbers(standing))
    assert read_changes(reader).items == []
    repeat_item(connection, second)
    (changed,) = read_changes(reader).items
    assert (changed.number, changed.row["count"]) == (second, 2)
    assert [place["id"] for place in changed.row["path"]] == [
        "city", "district", "street", "community", "grid", site,
    ]  # fmt: skip
    assert read_changes(reader).items == []
    close_item(connection, first)
    (closed,) = read_changes(reader).items
    assert closed.row["state"] == "closed"
    assert changed.row["mark"] == 2


def test_a_transaction_that_commits_late_is_not_missed(
    reader: ChangeReader, url: str, connection: psycopg.Connection, new_site: NewSite
) -> None:
    site = new_site()
    early, late = add_items(connection, site, [site, site])
    reader.read()
    with psycopg.connect(url) as slow:
        repeat_item(slow, late)  # has its number, is not committed
        for count in (2, 3, 4):  # later transactions come and are read before it
            repeat_item(connection, early)
            news = read_changes(reader)
            assert [(item.number, item.row["count"]) for item in news.items] == [(early, count)]
        assert read_changes(reader).items == []  # read once only, though the position stands still
        slow.commit()
    assert [(item.number, item.row["count"]) for item in read_changes(reader).items] == [(late, 2)]
    assert read_changes(reader).items == []


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from("uucrx"), st.integers(0, 2)), max_size=14))
def test_whatever_commits_in_whatever_order_the_reader_ends_with_what_is_there(
    url: str, connection: psycopg.Connection, new_site: NewSite, steps: list[tuple[str, int]]
) -> None:
    site = new_site()
    items = add_items(connection, site, [site] * 3)
    known: dict[int, int] = {}
    with ExitStack() as stack:
        reader = ChangeReader()
        reader.use(stack.enter_context(connect(url, name="test", autocommit=True)))
        writers = [stack.enter_context(psycopg.connect(url)) for _ in items]

        def read() -> None:
            news = reader.read()
            for item in news.items:
                if item.number in items:
                    assert known.get(item.number, 0) < item.row["mark"], "twice, or older than before"
                    known[item.number] = item.row["mark"]

        for what, which in steps:
            match what:
                case "u":
                    repeat_item(writers[which], items[which])
                case "c":
                    writers[which].commit()
                case "x":
                    writers[which].rollback()
                case _:
                    read()
        for writer in writers:
            writer.commit()
        read()
        rows = connection.execute(
            "SELECT number, mark FROM work_items WHERE number = ANY(%s)", (items,)
        ).fetchall()
        assert known == dict(rows)


def test_of_the_closed_items_the_last_are_kept_and_it_says_from_when(
    reader: ChangeReader, connection: psycopg.Connection, new_site: NewSite
) -> None:
    site = new_site()
    closing = add_items(connection, site, [site] * 5)
    for number in closing:
        close_item(connection, number)
    standing = reader.read()
    assert isinstance(standing, Standing)
    closed = {item.number: item.changed for item in standing.items if item.row["closed_at"] is not None}
    assert sorted(closed) == closing[-3:]
    row = connection.execute(
        "SELECT changed_xid::text::bigint FROM work_items WHERE number = %s", (closing[1],)
    ).fetchone()
    assert row is not None
    assert row[0] < standing.complete_from <= min(closed.values())


def test_a_box_is_news_when_it_comes_goes_or_loses_its_clock_but_not_when_it_is_heard(
    reader: ChangeReader, connection: psycopg.Connection, new_site: NewSite
) -> None:
    site = new_site("jinyuan-wuye")
    reader.read()
    connection.execute("LISTEN rw_boxes")
    connection.execute("INSERT INTO boxes (box, site) VALUES ('b-1', %s)", (site,))
    (box,) = read_changes(reader).boxes
    assert (box.box, box.online, box.company, site in box.path, "city" in box.path) == (
        "b-1",
        False,
        "jinyuan-wuye",
        True,
        True,
    )
    connection.execute(
        "UPDATE boxes SET last_seen_at = now(), clock_offset_ms = 7, clock_synced = clock_synced"
    )
    assert read_changes(reader).boxes == []
    assert list(reader.read_seen()) == ["b-1"]
    for change in ("online = true", "clock_synced = false", "online = false, offline_reason = 'lost'"):
        connection.execute(f"UPDATE boxes SET {change} WHERE box = 'b-1'".encode())
        assert [one.box for one in read_changes(reader).boxes] == ["b-1"], change
    assert read_changes(reader).boxes == []
    heard = [one.payload for one in connection.notifies(timeout=2, stop_after=4)]
    assert heard == ["b-1"] * 4


def test_hearing_a_box_costs_no_index(connection: psycopg.Connection, new_site: NewSite) -> None:
    """Each envelope notes it: the row must be changed in place, as it was before there was a stream."""
    site = new_site()
    connection.execute(
        "INSERT INTO boxes (box, site) SELECT 'heard-' || n, %s FROM generate_series(1, 3) n", (site,)
    )
    with connection.transaction():
        connection.execute(
            "UPDATE boxes SET last_seen_at = now(), clock_synced = true WHERE box LIKE 'heard-%'"
        )
    with connection.transaction():
        connection.execute(
            "UPDATE boxes SET last_seen_at = now(), clock_synced = true WHERE box LIKE 'heard-%'"
        )
        row = connection.execute("SELECT pg_stat_get_xact_tuples_hot_updated('boxes'::regclass)").fetchone()
    assert row == (3,)


def test_touching_an_item_marks_it_and_tells_the_listeners(
    reader: ChangeReader, connection: psycopg.Connection, new_site: NewSite
) -> None:
    site = new_site()
    (number,) = add_items(connection, site, [site])
    reader.read()
    connection.execute("LISTEN rw_queue")
    connection.execute("SELECT touch_item(id) FROM work_items WHERE number = %s", (number,))
    assert numbers(read_changes(reader)) == [number]
    assert len(list(connection.notifies(timeout=2, stop_after=1))) == 1


def test_another_tree_is_read_anew(
    reader: ChangeReader, connection: psycopg.Connection, new_site: NewSite
) -> None:
    """Another company serves the compound: its people see the open items, and those of the former see them no more."""
    site = new_site()
    (number,) = add_items(connection, site, [site])
    before = reader.read()
    assert isinstance(before, Standing)
    connection.execute("UPDATE places SET company = 'jinyuan-wuye' WHERE id = %s", (site,))
    after = reader.read()
    assert isinstance(after, Standing)
    assert {item.number: item.company for item in after.items}[number] == "jinyuan-wuye"
    assert after.complete_from > before.position, "who left before the change cannot go on from there"
    assert read_changes(reader).items == []


def test_an_item_belongs_to_the_company_of_its_place(
    reader: ChangeReader, connection: psycopg.Connection, new_site: NewSite
) -> None:
    """A box may stand in one compound and watch a place in another: rights go by the place, as in every list."""
    boxes, watched = new_site(), new_site("jinyuan-wuye")
    reader.read()
    (number,) = add_items(connection, boxes, [watched])
    (changed,) = read_changes(reader).items
    assert (changed.number, changed.company) == (number, "jinyuan-wuye")


def test_another_database_under_the_same_reader_is_read_anew(
    reader: ChangeReader,
    connection: psycopg.Connection,
    new_site: NewSite,
    databases: Databases,
    database: str,
) -> None:
    site = new_site()
    add_items(connection, site, [site])
    here = reader.read()
    with connect(database, name="test", autocommit=True) as other:
        reader.use(other)
        there = reader.read()
    assert isinstance(here, Standing)
    assert isinstance(there, Standing)
    assert here.database != there.database
    assert numbers(there) == []


def test_rows_from_the_future_of_another_server_disturb_nothing(
    reader: ChangeReader, connection: psycopg.Connection, new_site: NewSite
) -> None:
    """As after a dump was restored into a server that has counted less far."""
    site = new_site()
    (number,) = add_items(connection, site, [site])
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")  # as a restore does: no triggers
        connection.execute("UPDATE work_items SET changed_xid = '900000000000' WHERE number = %s", (number,))
    standing = reader.read()
    assert number in numbers(standing)
    assert read_changes(reader).items == []
    repeat_item(connection, number)
    assert numbers(read_changes(reader)) == [number]


def test_a_user_of_the_database_without_privileges_of_its_own_can_read(
    url: str, connection: psycopg.Connection, new_site: NewSite
) -> None:
    site = new_site()
    (number,) = add_items(connection, site, [site])
    role = f"plain_{psycopg.conninfo.conninfo_to_dict(url)['dbname']}"
    connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'plain'".encode())
    try:
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}".encode())
        plain = psycopg.conninfo.make_conninfo(url, user=role, password="plain")
        with connect(plain, name="test", autocommit=True) as opened:
            reader = ChangeReader()
            reader.use(opened)
            assert number in numbers(reader.read())
            assert read_changes(reader).items == []
    finally:
        connection.execute(f"DROP OWNED BY {role}".encode())
        connection.execute(f"DROP ROLE {role}".encode())


def test_the_news_go_on_where_they_stopped_when_the_connection_was_lost(
    url: str, connection: psycopg.Connection, new_site: NewSite
) -> None:
    site = new_site()
    stop = threading.Event()
    news = follow_changes(url, stop, poll_s=0.1)
    try:
        assert isinstance(next(news), Standing)
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'redwhistle-stream' AND datname = current_database()"
        )
        (number,) = add_items(connection, site, [site])
        lost = next(one for one in news if isinstance(one, Lost))
        assert lost.again_s < 1
        found = next(one for one in news if isinstance(one, Changes) and one.items)
        assert numbers(found) == [number]
        connection.execute(
            "SELECT pg_notify('rw_people', '{\"person\": \"p-1\"}'), pg_notify('rw_people', 'nonsense')"
        )
        told = next(one for one in news if isinstance(one, Changes) and one.people)
        assert told.people == {"p-1"}
    finally:
        stop.set()
        news.close()  # type: ignore[attr-defined]
