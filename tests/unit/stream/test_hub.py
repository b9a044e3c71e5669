"""The hub on a loop of its own, fed with news by hand: readiness, rest, rights, faults, and the end."""

import asyncio
import json
import queue
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from redwhistle.clock import ManualClock
from redwhistle.errors import Unavailable
from server.api.stream.hub import Allowed, Hub, HubSubscription
from server.records.changes import Changes, Lost, News
from server.rights.scope import Scope
from tests.unit.stream.world import NOW, Browser, World, encode


@dataclass
class Feed:
    """News that a test hands out one by one."""

    waiting: "queue.Queue[News | Exception]" = field(default_factory=queue.Queue)

    def follow(self, stop: threading.Event) -> Iterator[News]:
        while not stop.is_set():
            try:
                news = self.waiting.get(timeout=0.05)
            except queue.Empty:
                continue
            if isinstance(news, Exception):
                raise news
            yield news


@dataclass
class Stage:
    """A hub with its world."""

    hub: Hub
    feed: Feed
    world: World
    clock: ManualClock

    async def join(
        self,
        look_again: Callable[[], Awaitable[Allowed | None]] | None = None,
        *,
        person: str = "p-1",
        after: str | None = None,
    ) -> HubSubscription:
        async def still() -> Allowed | None:
            return Allowed(Scope.ALL)

        return await self.hub.join(Allowed(Scope.ALL), person, look_again or still, after=after)


def on_stage(play: Callable[[Stage], Awaitable[None]]) -> None:
    """Run it with a hub, which is stopped afterwards."""

    async def run() -> None:
        feed, clock = Feed(), ManualClock(NOW)
        hub = Hub(feed.follow, encode, clock, tick_s=3600, ready_within_s=0.3)
        try:
            async with asyncio.timeout(20):
                await play(Stage(hub, feed, World(), clock))
        finally:
            await asyncio.to_thread(hub.stop)

    asyncio.run(run())


async def read(subscription: HubSubscription, browser: Browser) -> None:
    """What comes next, as the browser sees it."""
    async with asyncio.timeout(5):
        pieces = await subscription.take()
    assert pieces is not None
    browser.see_all(b"".join(pieces))


def test_who_comes_before_the_queue_is_read_waits_and_then_is_refused() -> None:
    async def play(stage: Stage) -> None:
        with pytest.raises(Unavailable, match="database"):
            await stage.join()
        stage.feed.waiting.put(stage.world.standing())
        browser = Browser()
        await read(await stage.join(), browser)
        assert browser.names() == ["snapshot"]
        assert stage.hub.figures() == {"clients": 1, "slow": 0, "items": 0, "boxes": 0, "ready": 1}

    on_stage(play)


def test_changes_wake_those_who_wait() -> None:
    async def play(stage: Stage) -> None:
        stage.feed.waiting.put(stage.world.standing())
        browser, subscription = Browser(), await stage.join()
        await read(subscription, browser)
        for _ in range(3):
            stage.feed.waiting.put(stage.world.item(1))
            await read(subscription, browser)
        assert browser.items == {1: 3}

    on_stage(play)


def test_news_that_cannot_be_handed_out_are_not_lost() -> None:
    """Two deadlines that cannot be compared: nobody is told, so the reader begins anew with all that stands."""

    async def play(stage: Stage) -> None:
        stage.feed.waiting.put(stage.world.standing())
        browser, subscription = Browser(), await stage.join()
        await read(subscription, browser)
        one, other = stage.world.item(1).items[0], stage.world.item(2).items[0]
        wrong = {**other.row, "deadline_at": NOW.replace(tzinfo=None)}
        broken = Changes(stage.world.position, [one, replace(other, row=wrong)])
        stage.feed.waiting.put(broken)
        await read(subscription, browser)
        assert browser.names()[-1] == "tick", "it is known, and told, that something is missing"
        stage.feed.waiting.put(stage.world.standing())
        while not browser.items:
            await read(subscription, browser)
        assert sorted(browser.items) == [1, 2]

    on_stage(play)


def test_an_item_that_cannot_be_shown_hides_no_other() -> None:
    async def play(stage: Stage) -> None:
        stage.feed.waiting.put(stage.world.standing())
        browser, subscription = Browser(), await stage.join()
        await read(subscription, browser)
        good, bad = stage.world.item(1).items[0], stage.world.item(2).items[0]
        del bad.row["count"]  # type: ignore[attr-defined]
        stage.feed.waiting.put(Changes(stage.world.position + 1, [bad, good]))
        await read(subscription, browser)
        assert browser.items == {1: 1}

    on_stage(play)


def test_a_fault_in_the_reader_is_said_and_the_reading_goes_on() -> None:
    async def play(stage: Stage) -> None:
        stage.feed.waiting.put(stage.world.standing())
        browser, subscription = Browser(), await stage.join()
        await read(subscription, browser)
        stage.feed.waiting.put(ZeroDivisionError("a fault of ours"))
        await read(subscription, browser)
        assert "stale_since" in json.loads(browser.events[-1].data)
        stage.world.item(1)
        stage.feed.waiting.put(stage.world.standing())
        while 1 not in browser.items:
            await read(subscription, browser)
        assert stage.hub.stale_since is None

    on_stage(play)


def test_a_lost_database_is_told_at_once_and_so_is_its_return() -> None:
    async def play(stage: Stage) -> None:
        stage.feed.waiting.put(stage.world.standing())
        browser, subscription = Browser(), await stage.join()
        await read(subscription, browser)
        stage.clock.advance(2)
        for _ in range(3):
            stage.feed.waiting.put(Lost("gone", 0.0))
        await read(subscription, browser)
        assert json.loads(browser.events[-1].data)["stale_since"] == "2026-05-24T08:49:00.000Z"
        assert stage.hub.figures()["ready"] == 0
        stage.feed.waiting.put(stage.world.item(5))
        while browser.items != {5: 1} or browser.names()[-1] != "tick":
            await read(subscription, browser)
        assert browser.names() == ["snapshot", "tick", "change", "tick"]
        assert "stale_since" not in json.loads(browser.events[-1].data)

    on_stage(play)


def test_silence_of_the_reader_counts_as_a_lost_database() -> None:
    async def play(stage: Stage) -> None:
        stage.feed.waiting.put(stage.world.standing())
        await stage.join()
        assert stage.hub.stale_since is None
        stage.clock.advance(30)
        assert stage.hub.stale_since == NOW

    on_stage(play)


def test_who_comes_while_the_database_is_away_is_told_at_once_how_old_it_all_is() -> None:
    async def play(stage: Stage) -> None:
        stage.feed.waiting.put(stage.world.standing())
        first = Browser()
        await read(await stage.join(), first)
        stage.clock.advance(30)
        for after, names in ((None, ["snapshot", "tick"]), (first.cursor, ["tick"])):
            late = Browser()
            await read(await stage.join(after=after), late)
            assert late.names() == names
            assert json.loads(late.events[-1].data)["stale_since"] == "2026-05-24T08:49:00.000Z"

    on_stage(play)


def test_only_the_person_who_is_named_is_looked_up_again() -> None:
    async def play(stage: Stage) -> None:
        asked: list[str] = []

        def look(person: str, answer: Allowed | None) -> Callable[[], Awaitable[Allowed | None]]:
            async def look_again() -> Allowed | None:
                asked.append(person)
                return answer

            return look_again

        stage.feed.waiting.put(stage.world.standing())
        ended = await stage.join(look("p-1", None), person="p-1")
        kept = await stage.join(look("p-2", Allowed(Scope.ALL)), person="p-2")
        await read(ended, Browser())
        await read(kept, Browser())
        stage.feed.waiting.put(Changes(stage.world.position, people=frozenset({"p-1"})))
        async with asyncio.timeout(5):
            assert await ended.take() is None
        assert asked == ["p-1"]
        assert not kept.client.ended

    on_stage(play)


def test_a_session_is_looked_up_again_when_its_time_is_over() -> None:
    async def play(stage: Stage) -> None:
        async def look_again() -> Allowed | None:
            return None

        stage.feed.waiting.put(stage.world.standing())
        short = Allowed(Scope.ALL, NOW + timedelta(seconds=0.1))
        subscription = await stage.hub.join(short, "p-1", look_again, after=None)
        await read(subscription, Browser())
        async with asyncio.timeout(5):
            assert await subscription.take() is None

    on_stage(play)


def test_rights_that_cannot_be_looked_up_now_end_nothing_but_a_fault_does() -> None:
    async def play(stage: Stage) -> None:
        asked = asyncio.Event()

        async def away() -> Allowed | None:
            asked.set()
            raise Unavailable("the database is away")

        async def faulty() -> Allowed | None:
            raise ZeroDivisionError

        stage.feed.waiting.put(stage.world.standing())
        unsure, gone = await stage.join(away, person="p-1"), await stage.join(faulty, person="p-2")
        await read(unsure, Browser())
        await read(gone, Browser())
        stage.feed.waiting.put(Changes(stage.world.position, people=frozenset({"p-1", "p-2"})))
        async with asyncio.timeout(5):
            assert await gone.take() is None
        await asked.wait()
        assert not unsure.client.ended

    on_stage(play)


def test_stopping_ends_every_stream_and_lets_nobody_in() -> None:
    async def play(stage: Stage) -> None:
        stage.feed.waiting.put(stage.world.standing())
        subscription = await stage.join()
        await read(subscription, Browser())
        await asyncio.to_thread(stage.hub.stop)
        assert await subscription.take() is None
        with pytest.raises(Unavailable, match="stopping"):
            await stage.join()

    on_stage(play)
