"""Who is told what: whatever happens, in whatever order, with whatever breaks, a client ends with what is true."""

import json
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bench.sse import EventReader
from server.api.stream.cursor import ResetReason
from server.api.stream.fan import STREAMS_OF_ONE, Client, Fan, View
from server.api.stream.mirror import Mirror
from server.records.changes import Changes
from server.rights.scope import Scope
from tests.unit.stream.world import NOW, SITES, Browser, World, entries

SCOPES = (
    Scope.ALL,
    Scope(places=frozenset({"g3"})),
    Scope(places=frozenset({"jinhe"})),
    Scope(companies=frozenset({"wuye"})),
    Scope(places=frozenset({"g4"}), companies=frozenset({"wuye"})),
)


@dataclass(eq=False)
class Process:
    """A fan with its mirror, begun from what is true."""

    world: World
    limit: int = 1_000
    closed_kept: int = 4_000
    fan: Fan = field(init=False)
    mirror: Mirror = field(init=False)

    def __post_init__(self) -> None:
        self.mirror = Mirror(closed_kept=self.closed_kept)
        self.fan = Fan(self.mirror, inbox_limit=self.limit)
        standing = self.world.standing()
        self.fan.begin(standing, *entries(standing))

    def tell(self, changes: Changes) -> None:
        self.fan.tell(changes, *entries(changes))

    def join(
        self, scope: Scope = Scope.ALL, *, after: str | None = None, exercise: str | None = ""
    ) -> Client:
        return self.fan.join(View(scope, exercise), "p-1", lambda: None, after, NOW)

    def taken(self, client: Client) -> bytes:
        return b"".join(self.fan.take(client, NOW))


@pytest.fixture
def process() -> Process:
    world = World()
    process = Process(world)
    for number, site, severity in ((1, "jinyuan", 3), (2, "jinhe", 1), (3, "gone", 2)):
        process.tell(world.item(number, site=site, severity=severity))
    process.tell(world.box("b-1", online=True))
    return process


def reasons(browser: Browser) -> list[str]:
    return [json.loads(event.data)["reason"] for event in browser.events if event.name == "reset"]


def test_first_a_snapshot_in_the_order_of_the_queue_then_changes_with_an_id(process: Process) -> None:
    browser, client = Browser(), process.join()
    browser.see_all(process.taken(client))
    assert browser.order == [2, 3, 1]
    process.tell(process.world.item(1, severity=1))
    process.tell(process.world.box("b-1", online=False))
    process.fan.tick(NOW, None)
    browser.see_all(process.taken(client))
    assert browser.names() == ["snapshot", "change", "change", "tick"]
    assert process.taken(client) == b""


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_each_sees_its_own_part_and_nothing_else(process: Process, scope: Scope) -> None:
    browser, client = Browser(), process.join(scope)
    browser.see_all(process.taken(client))
    assert (browser.items, browser.boxes) == process.world.shown_to(scope)
    for number, site in enumerate(SITES, start=1):
        process.tell(process.world.item(number, site=site))
    browser.see_all(process.taken(client))
    assert (browser.items, browser.boxes) == process.world.shown_to(scope)


def test_an_exercise_is_not_in_the_real_stream(process: Process) -> None:
    browsers = {exercise: Browser() for exercise in ("", "e-1", None)}
    clients = {exercise: process.join(exercise=exercise) for exercise in browsers}
    process.tell(process.world.item(4, exercise="e-1"))
    for exercise, browser in browsers.items():
        browser.see_all(process.taken(clients[exercise]))
        process.tell(process.world.item(5, exercise="e-1"))
        browser.see_all(process.taken(clients[exercise]))
        assert browser.items == process.world.shown_to(Scope.ALL, exercise)[0]


def test_of_changes_that_come_together_only_the_last_carries_the_new_cursor(process: Process) -> None:
    browser, client = Browser(), process.join()
    browser.see_all(process.taken(client))
    before = browser.cursor
    both = [process.world.item(1).items[0], process.world.item(2, site="jinhe").items[0]]
    process.tell(Changes(process.world.position + 1, both))
    first, last = EventReader().feed(process.taken(client))
    assert first.id == before
    assert last.id != before
    again = Browser()  # cut off between the two
    again.see_all(process.taken(process.join(after=first.id)))
    assert len([name for name in again.names() if name == "change"]) == 2


def test_who_comes_back_is_told_what_changed_and_that_this_is_all(process: Process) -> None:
    browser, client = Browser(), process.join()
    browser.see_all(process.taken(client))
    process.fan.leave(client)
    process.tell(process.world.item(1, closed=True))
    process.tell(process.world.item(7))
    browser.see_all(process.taken(process.join(after=browser.cursor)))
    assert browser.names() == ["snapshot", "change", "change", "tick"]
    assert browser.items == process.world.shown_to(Scope.ALL)[0]
    nothing = Browser()
    nothing.see_all(process.taken(process.join(after=browser.cursor)))
    assert nothing.names() == ["tick"]


def test_a_cursor_that_cannot_be_used_gives_the_reason_and_a_snapshot(process: Process) -> None:
    browser = Browser()
    browser.see_all(process.taken(process.join()))
    cursor = browser.cursor
    assert cursor is not None
    head, position, database, view = cursor.split(".")
    for after, reason, scope in (
        ("nonsense", ResetReason.UNREADABLE, Scope.ALL),
        ("", ResetReason.UNREADABLE, Scope.ALL),
        (f"{head}.{position}.{'0' * 12}.{view}", ResetReason.OTHER_DATABASE, Scope.ALL),
        (cursor, ResetReason.OTHER_SCOPE, SCOPES[1]),
    ):
        browser = Browser()
        browser.see_all(process.taken(process.join(scope, after=after)))
        assert browser.names() == ["reset", "snapshot"]
        assert reasons(browser) == [reason]
        assert (browser.items, browser.boxes) == process.world.shown_to(scope)
    assert database


def test_too_long_away_or_too_much_missed_is_a_snapshot(process: Process) -> None:
    small = Process(process.world, closed_kept=2)
    browser, client = Browser(), small.join()
    browser.see_all(small.taken(client))
    cursor = browser.cursor
    for number in (11, 12, 13, 14):
        small.tell(small.world.item(number, closed=True))
    browser.see_all(small.taken(small.join(after=cursor)))
    assert reasons(browser) == [ResetReason.TOO_OLD]
    many = World()
    big = Process(many)
    browser = Browser()
    browser.see_all(big.taken(big.join()))
    for number in range(600):
        big.tell(many.item(number))
    browser.see_all(big.taken(big.join(after=browser.cursor)))
    assert reasons(browser) == [ResetReason.TOO_OLD]
    assert browser.items == many.shown_to(Scope.ALL)[0]


def test_a_slow_client_starts_over_and_costs_the_others_nothing(process: Process) -> None:
    slow_process = Process(process.world, limit=10)
    slow, quick = slow_process.join(), slow_process.join()
    slow_browser, quick_browser = Browser(), Browser()
    slow_browser.see_all(slow_process.taken(slow))
    quick_browser.see_all(slow_process.taken(quick))
    for _ in range(200):
        slow_process.tell(slow_process.world.item(1))
        quick_browser.see_all(slow_process.taken(quick))
        assert len(slow.inbox) <= 10
    assert quick_browser.names() == ["snapshot"] + ["change"] * 200
    slow_browser.see_all(slow_process.taken(slow))
    assert slow_browser.names()[:3] == ["snapshot", "reset", "snapshot"]
    assert reasons(slow_browser) == [ResetReason.SLOW]
    assert slow_browser.items == quick_browser.items == process.world.shown_to(Scope.ALL)[0]
    assert slow_process.fan.slow == 1


def test_clients_that_share_a_view_share_the_bytes(process: Process) -> None:
    clients = [process.join() for _ in range(5)]
    snapshots = [max(process.fan.take(client, NOW), key=len) for client in clients]
    assert len({id(snapshot) for snapshot in snapshots}) == 1
    process.tell(process.world.item(1))
    chunks = [process.fan.take(client, NOW) for client in clients]
    assert len({id(pieces[0]) for pieces in chunks}) == 1


def test_new_rights_take_away_at_once_what_they_do_not_cover(process: Process) -> None:
    browser, client = Browser(), process.join()
    browser.see_all(process.taken(client))
    process.tell(process.world.item(2, site="jinhe"))  # waits, and must not be sent any more
    process.fan.change_scope(client, SCOPES[1])
    browser.see_all(process.taken(client))
    assert browser.names() == ["snapshot", "reset", "snapshot"]
    assert reasons(browser) == [ResetReason.RIGHTS]
    assert (browser.items, browser.boxes) == process.world.shown_to(SCOPES[1])
    process.tell(process.world.item(2, site="jinhe"))
    assert process.taken(client) == b""
    process.fan.change_scope(client, Scope(places=frozenset({"g3"})))  # the same again is no change
    assert process.taken(client) == b""


def test_an_ended_client_gets_nothing_not_even_what_waited(process: Process) -> None:
    woken: list[str] = []
    client = process.fan.join(View(Scope.ALL), "p-1", lambda: woken.append("woken"), None, NOW)
    process.taken(client)
    process.tell(process.world.item(1))
    process.fan.end(client)
    assert client.ended
    assert woken == ["woken", "woken"]
    assert process.taken(client) == b""
    process.tell(process.world.item(1))
    assert not client.inbox
    process.fan.leave(client)
    assert process.fan.clients == []


def test_with_one_stream_too_many_the_oldest_of_that_person_ends(process: Process) -> None:
    other = process.fan.join(View(Scope.ALL), "p-2", lambda: None, None, NOW)
    clients = [process.join() for _ in range(STREAMS_OF_ONE + 1)]
    assert [client.ended for client in clients] == [True] + [False] * STREAMS_OF_ONE
    assert not other.ended


def test_another_tree_of_places_voids_it_too(process: Process) -> None:
    browser, client = Browser(), process.join()
    browser.see_all(process.taken(client))
    standing = process.world.standing()
    process.fan.begin(standing, *entries(standing))
    browser.see_all(process.taken(client))
    assert reasons(browser) == [ResetReason.RIGHTS]


def test_another_database_voids_what_everybody_knows(process: Process) -> None:
    browser, client = Browser(), process.join()
    browser.see_all(process.taken(client))
    other = World(position=5)
    other.item(9)
    standing = replace(other.standing(), database="another")
    process.fan.begin(standing, *entries(standing))
    browser.see_all(process.taken(client))
    assert reasons(browser) == [ResetReason.OTHER_DATABASE]
    assert browser.items == {9: 1}
    late = Browser()
    late.see_all(process.taken(process.join()))
    assert late.items == {9: 1}


def test_a_tick_says_since_when_the_database_is_away(process: Process) -> None:
    client = process.join()
    process.taken(client)
    process.fan.tick(NOW, NOW)
    (event,) = EventReader().feed(process.taken(client))
    assert json.loads(event.data)["stale_since"] == "2026-05-24T08:49:00.000Z"


class Streams(RuleBasedStateMachine):
    """Clients come, go, are cut off in the middle, come back to another process: in the end each knows what is true."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.processes: list[Process] = []
        self.links: list[tuple[Browser, Scope, str | None, Process, Client] | None] = []
        self.away: list[tuple[Browser, Scope, str | None]] = []

    @initialize(limit=st.integers(1, 6), kept=st.integers(1, 4))
    def begin(self, limit: int, kept: int) -> None:
        self.world.item(1)
        self.processes = [Process(self.world, limit, kept), Process(self.world, 1_000, 4_000)]

    @rule(
        number=st.integers(1, 6),
        site=st.sampled_from(sorted(SITES)),
        severity=st.integers(1, 4),
        closed=st.booleans(),
        exercise=st.sampled_from(["", "", "e-1"]),
    )
    def change_item(self, number: int, site: str, severity: int, closed: bool, exercise: str) -> None:
        old = self.world.items.get(number)
        if old is not None:  # an item stays where it is, and in its exercise; a closed one stays closed
            site = next(
                s for s, (_, path) in SITES.items() if path == [p["id"] for p in old.row["path"] or ()]
            )
            exercise = old.row["exercise"]
            closed = closed or old.row["closed_at"] is not None
        self._tell(self.world.item(number, site=site, severity=severity, closed=closed, exercise=exercise))

    @rule(name=st.sampled_from(["b-1", "b-2"]), online=st.booleans())
    def change_box(self, name: str, online: bool) -> None:
        self._tell(self.world.box(name, online=online, site="jinhe" if name == "b-2" else "jinyuan"))

    @rule(scope=st.sampled_from(SCOPES), exercise=st.sampled_from(["", None]), which=st.integers(0, 1))
    def come(self, scope: Scope, exercise: str | None, which: int) -> None:
        self._link(Browser(), scope, exercise, which)

    @rule(at=st.integers(0, 30), share=st.floats(0, 1))
    def cut_off(self, at: int, share: float) -> None:
        """Of what was on its way only a part arrives."""
        if not self.links:
            return
        link = self.links.pop(at % len(self.links))
        assert link is not None
        browser, scope, exercise, process, client = link
        waiting = process.taken(client)
        browser.see_all(waiting[: int(len(waiting) * share)])
        process.fan.leave(client)
        self.away.append((browser, scope, exercise))

    @rule(at=st.integers(0, 30), which=st.integers(0, 1))
    def come_back(self, at: int, which: int) -> None:
        if self.away:
            self._link(*self.away.pop(at % len(self.away)), which)

    @rule(at=st.integers(0, 30), scope=st.sampled_from(SCOPES))
    def change_rights(self, at: int, scope: Scope) -> None:
        if not self.links:
            return
        link = self.links[at % len(self.links)]
        assert link is not None
        browser, _, exercise, process, client = link
        process.fan.change_scope(client, scope)
        self.links[at % len(self.links)] = (browser, scope, exercise, process, client)

    @rule(which=st.integers(0, 1))
    def tick(self, which: int) -> None:
        self.processes[which].fan.tick(NOW, None)

    @rule(which=st.integers(0, 1))
    def restart(self, which: int) -> None:
        old = self.processes[which]
        for link in [link for link in self.links if link is not None and link[3] is old]:
            self.links.remove(link)
            self.away.append((link[0], link[1], link[2]))
        self.processes[which] = Process(self.world, old.limit, old.closed_kept)

    @invariant()
    def whoever_took_everything_knows_what_is_true(self) -> None:
        for link in self.links[::2]:  # the others take later
            self._check(link)

    def teardown(self) -> None:
        for link in self.links:
            self._check(link)
        self.links = []
        for gone in self.away:
            self._link(*gone, 0)
            self._check(self.links.pop())

    def _check(self, link: tuple[Browser, Scope, str | None, Process, Client] | None) -> None:
        assert link is not None
        browser, scope, exercise, process, client = link
        browser.see_all(process.taken(client))
        assert (browser.items, browser.boxes) == self.world.shown_to(scope, exercise)

    def _link(self, browser: Browser, scope: Scope, exercise: str | None, which: int) -> None:
        process = self.processes[which]
        client = process.fan.join(View(scope, exercise), "p", lambda: None, browser.cursor, NOW)
        self.links.append((browser, scope, exercise, process, client))
        if len(self.links) > 12:
            self.cut_off(0, 0.5)

    def _tell(self, changes: Changes) -> None:
        for process in self.processes:
            process.tell(changes)


TestStreams = Streams.TestCase
TestStreams.settings = settings(max_examples=60, stateful_step_count=40)


@given(st.lists(st.binary(max_size=40)), st.integers(1, 9))
def test_events_are_read_alike_in_whatever_pieces_they_come(texts: list[bytes], size: int) -> None:
    clean = [text.replace(b"\n", b"") for text in texts]
    stream = b"".join(b"id: 7\nevent: change\ndata: " + text + b"\n\n" for text in clean)
    reader = EventReader()
    pieces = [stream[i : i + size] for i in range(0, len(stream), size)]
    found = [event for piece in pieces for event in reader.feed(piece)]
    assert [event.data for event in found] == clean
