"""The stream over real connections, from a real database: live, resumed, cut, ended, and with clients that stand still."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.request import urlopen

import psycopg
import pytest

from bench.items import add_items, close_item, repeat_item
from bench.servers.waiting import wait_for
from bench.sse import Event
from server.rights.scope import Scope
from tests.integration.stream.conftest import NewSite
from tests.integration.stream.serving import Served, StreamClient, serving

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def served(url: str) -> Iterator[Served]:
    with serving(url, tick_s=0.5) as running:
        yield running


def items_of(events: list[Event]) -> list[tuple[int, int, str]]:
    told = [json.loads(event.data) for event in events if event.name == "change"]
    return [
        (one["item"]["number"], one["item"]["count"], one["item"]["state"])
        for one in told
        if one["kind"] == "item"
    ]


def has_changes(events: list[Event], count: int) -> bool:
    return sum(event.name == "change" for event in events) >= count


def test_what_commits_is_seen_and_who_comes_back_misses_nothing(
    served: Served, connection: psycopg.Connection, new_site: NewSite
) -> None:
    site = new_site()
    served.rights["worker"] = Scope(places=frozenset({site}))
    first, second = add_items(connection, site, [site, site])
    client = served.connect("worker")
    wait_for_items(served, 2)
    (snapshot,) = client.read_names("snapshot")[:1]
    told = json.loads(snapshot.data)
    assert [item["number"] for item in told["items"]] == [first, second]
    item = told["items"][0]
    assert (item["site"], item["state"], item["mark"], item["evidence"], item["owner"]) == (
        site,
        "open",
        1,
        0,
        None,
    )
    assert [place["id"] for place in item["path"]][-1] == site
    repeat_item(connection, first)
    seen = client.read_until(lambda events: has_changes(events, 1))
    assert items_of(seen) == [(first, 2, "open")]
    client.close()
    other_site = new_site()
    add_items(connection, other_site, [other_site])
    close_item(connection, first)
    repeat_item(connection, second)
    again = served.connect("worker", after=[event.id for event in seen if event.id][-1])
    missed = again.read_until(lambda events: has_changes(events, 2))
    assert {event.name for event in missed} <= {"change", "tick"}
    assert sorted(items_of(missed)) == [(first, 1 + 1, "closed"), (second, 2, "open")]
    again.close()


def wait_for_items(served: Served, count: int) -> None:
    """The hub begins with its first client; a client that comes while it reads gets what was read."""
    wait_for(lambda: served.hub.figures()["items"] >= count, timeout_s=10, what="the items are read")


def test_a_box_that_goes_is_told_and_a_tick_comes_by_itself(
    served: Served, connection: psycopg.Connection, new_site: NewSite
) -> None:
    site = new_site()
    served.rights["worker"] = Scope(places=frozenset({site}))
    connection.execute("INSERT INTO boxes (box, site, online) VALUES ('b-7', %s, true)", (site,))
    client = served.connect("worker")
    client.read_until(lambda events: any(b"b-7" in event.data for event in events))
    connection.execute("UPDATE boxes SET online = false, offline_reason = 'lost' WHERE box = 'b-7'")
    client.read_until(lambda events: any(b'"online":false' in event.data for event in events))
    seen = client.read_names("change", "tick")
    gone = [json.loads(event.data)["box"] for event in seen if event.name == "change"][-1]
    assert (gone["online"], gone["reason"]) == (False, "lost")
    assert all((event.id is None) == (event.name != "change") for event in seen)
    client.close()


def test_a_session_that_ends_closes_its_streams_and_new_rights_come_into_force(
    served: Served, connection: psycopg.Connection, new_site: NewSite
) -> None:
    here, there = new_site(), new_site()
    add_items(connection, here, [here])
    (number,) = add_items(connection, there, [there])
    served.rights |= {"p-1": Scope(places=frozenset({here})), "p-2": Scope(places=frozenset({here}))}
    moved, ended = served.connect("p-1"), served.connect("p-2")
    moved.read_names("snapshot")
    ended.read_names("snapshot")
    served.rights["p-1"] = Scope(places=frozenset({there}))
    del served.rights["p-2"]
    connection.execute(
        "SELECT pg_notify('rw_people', '{\"person\": \"p-1\"}'), pg_notify('rw_people', '{\"person\": \"p-2\"}')"
    )
    seen = moved.read_names("reset", "snapshot")
    (reset,) = [event for event in seen if event.name == "reset"]
    assert json.loads(reset.data) == {"reason": "rights"}
    last = [event for event in seen if event.name == "snapshot"][-1]
    assert number in [item["number"] for item in json.loads(last.data)["items"]]
    ended.read_until(lambda _: False)
    assert ended.ended
    moved.close()


def test_a_lost_database_is_said_and_what_happened_meanwhile_comes_after(
    served: Served, connection: psycopg.Connection, new_site: NewSite
) -> None:
    site = new_site()
    client = served.connect()
    client.read_names("snapshot")
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'redwhistle-stream' AND datname = current_database()"
    )
    (number,) = add_items(connection, site, [site])
    seen = client.read_until(lambda events: (number, 1, "open") in items_of(events))
    assert any(b"stale_since" in event.data for event in seen if event.name == "tick")
    client.read_until(lambda events: events[-1].name == "tick" and b"stale_since" not in events[-1].data)
    client.close()


def await_count(client: StreamClient, number: int, count: int) -> None:
    """Read until this item has been triggered so often; it is among the last events."""
    client.read_until(lambda events: (number, count) in [one[:2] for one in items_of(events[-250:])])


def test_a_client_that_reads_nothing_holds_up_nobody_and_learns_what_it_missed(
    url: str, connection: psycopg.Connection, new_site: NewSite
) -> None:
    site = new_site()
    numbers = add_items(connection, site, [site] * 200)
    last = numbers[-1]
    with serving(url, inbox_limit=300) as served:
        stuck = served.connect(receive_buffer=4096)
        quick = served.connect()
        quick.read_names("snapshot")
        count = 1
        while not served.hub.figures()["slow"]:  # until even the system's buffers are full
            with connection.transaction():
                count = [repeat_item(connection, number) for number in numbers][-1]
            await_count(quick, last, count)
        counts = [told for item, told, _ in items_of(quick.seen) if item == last]
        assert counts == list(range(2, count + 1))
        assert "reset" not in [event.name for event in quick.seen]
        count = repeat_item(connection, last)
        seen = stuck.read_names("reset", "snapshot")
        assert next(json.loads(event.data) for event in seen if event.name == "reset") == {"reason": "slow"}
        stuck.read_until(lambda events: any(f'"count":{count},'.encode() in event.data for event in events))
        stuck.close()
        quick.close()


def test_a_thousand_idle_streams_stop_nobody(
    url: str, connection: psycopg.Connection, new_site: NewSite
) -> None:
    site = new_site()
    (number,) = add_items(connection, site, [site])
    with serving(url) as served:
        served.rights |= {f"p-{i}": Scope.ALL for i in range(1_000)}
        clients = [served.connect("p-0")]
        clients[0].read_names("snapshot")  # the queue is read by now: the others need not wait for that
        clients += [served.connect(f"p-{i}") for i in range(1, 1_000)]
        for client in clients[1:]:
            client.read_names("snapshot")
        assert served.hub.figures()["clients"] == 1_000
        with urlopen(f"http://127.0.0.1:{served.port}/plain", timeout=10) as answer:
            assert answer.read() == b"here"
        repeat_item(connection, number)
        for client in clients:
            assert (number, 2, "open") in items_of(client.read_until(lambda events: has_changes(events, 1)))
        for client in clients[500:]:
            client.close()
        wait_for(
            lambda: served.hub.figures()["clients"] == 500, timeout_s=10, what="those who left are forgotten"
        )
        began_s = time.monotonic()
        served.stop()
        assert time.monotonic() - began_s < 5
        for client in clients[:500]:
            client.read_until(lambda _: False)
            assert client.ended
            client.close()


def test_a_connection_that_takes_nothing_for_too_long_is_cut(
    url: str, connection: psycopg.Connection, new_site: NewSite
) -> None:
    site = new_site()
    numbers = add_items(connection, site, [site] * 200)
    with serving(url, stuck_s=1) as served:
        stuck = served.connect(receive_buffer=4096)
        wait_for(lambda: served.hub.figures()["clients"] == 1, timeout_s=10, what="it has joined")
        while served.hub.figures()["clients"]:
            with connection.transaction():
                for number in numbers:
                    repeat_item(connection, number)
        with suppress(ConnectionError):
            while stuck.socket.recv(1 << 20):  # what came before it was cut; then its end, or TimeoutError
                pass
        stuck.close()


def test_without_a_database_it_says_so_at_the_door() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        with serving(f"postgresql://nobody@127.0.0.1:{port}/none") as served:
            client = served.connect()
            with pytest.raises(ValueError, match="503"):
                client.read_names("snapshot")
            client.close()
