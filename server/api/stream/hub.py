"""The live stream of a process: one reader thread, any number of clients on the event loop.

The reader asks for the next news only when the loop has handed the last ones to all clients, and rests as long (to 0.1 s) as that
took: with few clients a change goes out at once, with thousands several changes go out together, and the rest of the
process always has its share of the time.
"""

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from redwhistle.clock import Clock
from redwhistle.errors import RedWhistleError, Unavailable
from redwhistle.logs import get_logger
from server.api.stream.fan import INBOX_LIMIT, Client, Fan, View
from server.api.stream.mirror import BoxEntry, EncodeItem, ItemEntry, Mirror, box_entry, item_entry
from server.records.changes import ChangedItem, Changes, Lost, News, Standing
from server.rights.scope import Scope

log = get_logger(part="stream")

TICK_S = 10.0
STALE_S = 5.0
"""Without news for so long (the database is asked each second) what is shown counts as old."""
LOOK_AGAIN_S = 60.0
"""At least this often it is asked whether a client may still see what it sees."""
UNSURE_S = 180.0
"""A client whose rights could not be looked up for so long is sent away, while others are served."""
READY_WITHIN_S = 5.0
"""So long who comes first waits until the queue is read."""
LOOK_WITHIN_S = 5.0
MOST_CLIENTS = 10_000
_REST_FROM_S, _REST_MOST_S = 0.005, 0.1
_LOOK_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Allowed:
    """What somebody may see, at the longest until `until`."""

    scope: Scope
    until: datetime | None = None


LookAgain = Callable[[], Awaitable[Allowed | None]]
"""Asks what a client may see now; None when its session has ended."""
Follow = Callable[[threading.Event], Iterator[News]]


class HubSubscription:
    """A client's end of the hub (response.Subscription)."""

    def __init__(self, hub: "Hub", look_again: LookAgain, until: datetime | None, now: datetime) -> None:
        self.client: Client
        self.look_again = look_again
        self.woken = asyncio.Event()
        self._hub = hub
        self.look_at_s = 0.0
        self.sure_at_s = 0.0
        self.looked(until, now)

    def looked(self, until: datetime | None, now: datetime) -> None:
        """Its rights are known for now."""
        self.sure_at_s = time.monotonic()
        wait_s = LOOK_AGAIN_S * random.uniform(0.8, 1.0)
        if until is not None:
            wait_s = min(wait_s, max(0.5, (until - now).total_seconds()))
        self.look_at_s = self.sure_at_s + wait_s

    async def take(self) -> Sequence[bytes] | None:
        """Wait for what comes next; None when the stream has ended."""
        while True:
            if pieces := self._hub.take(self.client):
                return pieces
            if self.client.ended:
                return None
            self.woken.clear()
            await self.woken.wait()

    def end(self) -> None:
        """The client has gone."""
        self._hub.end(self)

    def leave(self) -> None:
        """The connection is over."""
        self._hub.leave(self)


class Hub:
    """Start it on the event loop; `stop` from anywhere. `follow` runs in a thread of its own."""

    def __init__(
        self,
        follow: Follow,
        encode: EncodeItem,
        clock: Clock,
        *,
        tick_s: float = TICK_S,
        inbox_limit: int = INBOX_LIMIT,
        ready_within_s: float = READY_WITHIN_S,
    ) -> None:
        self._follow, self._encode, self._clock = follow, encode, clock
        self._mirror = Mirror()
        self._fan = Fan(self._mirror, inbox_limit=inbox_limit)
        self._tick_s, self._ready_within_s = tick_s, ready_within_s
        self._stop = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._subscriptions: dict[Client, HubSubscription] = {}
        self._ready = asyncio.Event()
        self._look = asyncio.Event()
        self._fresh_at: datetime | None = None
        self._lost = False

    def start(self) -> None:
        """Begin to read, on the running loop; starting twice is no fault."""
        if self._loop is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._tasks = [self._loop.create_task(self._tick()), self._loop.create_task(self._watch())]
        self._thread = threading.Thread(target=self._read, name="stream", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End all streams and the reading; from any thread but the loop's own (there: `await asyncio.to_thread(hub.stop)`)."""
        self._stop.set()
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._end_all)
        if self._thread is not None:
            self._thread.join(timeout_s)

    async def join(
        self,
        allowed: Allowed,
        person: str,
        look_again: LookAgain,
        *,
        after: str | None,
        exercise: str | None = "",
    ) -> HubSubscription:
        """A new client; raise Unavailable when the queue could not be read yet, or when there are too many clients."""
        self.start()
        if self._stop.is_set():
            raise Unavailable("the server is stopping: connect again in some seconds")
        if len(self._subscriptions) >= MOST_CLIENTS:
            raise Unavailable("this server has as many streams as it can serve: connect again in a minute")
        try:
            async with asyncio.timeout(self._ready_within_s):
                await self._ready.wait()
        except TimeoutError:
            raise Unavailable("the database cannot be read: connect again in some seconds") from None
        now = self._clock.now()
        made = HubSubscription(self, look_again, allowed.until, now)
        view = View(allowed.scope, exercise)
        made.client = self._fan.join(view, person, made.woken.set, after, now, self.stale_since)
        self._subscriptions[made.client] = made
        return made

    def take(self, client: Client) -> Sequence[bytes]:
        """What waits for a client."""
        return self._fan.take(client, self._clock.now(), self.stale_since)

    def end(self, subscription: HubSubscription) -> None:
        """Close a client's stream."""
        self._fan.end(subscription.client)

    def leave(self, subscription: HubSubscription) -> None:
        """Forget a client."""
        self._fan.leave(subscription.client)
        self._subscriptions.pop(subscription.client, None)

    @property
    def stale_since(self) -> datetime | None:
        """Since when nothing is known of the database; None while all is well."""
        if self._fresh_at is None:
            return None
        old = self._clock.now() - self._fresh_at > timedelta(seconds=STALE_S)
        return self._fresh_at if old or self._lost else None

    def figures(self) -> dict[str, int]:
        """For the metrics: `clients`, `slow` (how often one was), `items`, `boxes`, `ready` (0 or 1)."""
        items, _, boxes = self._mirror.sizes()
        return {
            "clients": len(self._subscriptions),
            "slow": self._fan.slow,
            "items": items,
            "boxes": boxes,
            "ready": int(self._ready.is_set() and self.stale_since is None),
        }

    # the reader's thread

    def _read(self) -> None:
        while not self._stop.is_set():
            try:
                for news in self._follow(self._stop):
                    self._hand_over(news)
                    if self._stop.is_set():
                        return
            except Exception:  # a fault of ours must not end the stream for good
                log.exception("stream_reader_failed")
                with suppress(Exception):  # then the ticks say it, when nothing new comes
                    self._hand_over(Lost("a fault in the server; see its log", 1.0))
                self._stop.wait(1.0)

    def _hand_over(self, news: News) -> None:
        items: list[ItemEntry] = []
        boxes: list[BoxEntry] = []
        if not isinstance(news, Lost):
            items = [entry for item in news.items if (entry := self._entry(item)) is not None]
            boxes = [box_entry(box) for box in news.boxes]
        done, faults = threading.Event(), list[Exception]()
        began_s = time.monotonic()
        assert self._loop is not None  # noqa: S101  started
        try:
            self._loop.call_soon_threadsafe(self._take_in, news, items, boxes, done, faults)
        except RuntimeError:  # the loop has ended
            self._stop.set()
            return
        while not done.wait(0.5):
            if self._stop.is_set():
                return
        if faults:  # news that nobody was told of must not be lost: everything is read anew
            raise faults[0]
        took_s = time.monotonic() - began_s
        if took_s > _REST_FROM_S:
            self._stop.wait(min(took_s, _REST_MOST_S))

    def _entry(self, item: ChangedItem) -> ItemEntry | None:
        try:
            return item_entry(item, self._encode)
        except Exception:  # one row that cannot be shown must not hide the others
            log.exception("stream_item_unreadable", item=item.number)
            return None

    # the event loop

    def _take_in(
        self,
        news: News,
        items: Sequence[ItemEntry],
        boxes: Sequence[BoxEntry],
        done: threading.Event,
        faults: list[Exception],
    ) -> None:
        try:
            self._take_in_news(news, items, boxes)
        except Exception as error:
            faults.append(error)
        finally:
            assert self._loop is not None  # noqa: S101  started
            self._loop.call_soon(done.set)  # after all those who were woken

    def _take_in_news(self, news: News, items: Sequence[ItemEntry], boxes: Sequence[BoxEntry]) -> None:
        was_lost = self._lost
        self._lost = isinstance(news, Lost)
        match news:
            case Lost():
                if not was_lost:
                    self._fan.tick(self._clock.now(), self.stale_since)
                return
            case Standing():
                self._fan.begin(news, items, boxes)
                self._ready.set()
            case Changes():
                self._fan.tell(news, items, boxes)
        self._fresh_at = self._clock.now()
        if was_lost:  # what was told of people meanwhile was not heard
            self._fan.tick(self._fresh_at, None)
            self._look_at(None)
        elif isinstance(news, Changes) and news.people:
            self._look_at(news.people)

    def _look_at(self, people: frozenset[str] | None) -> None:
        for client, subscription in self._subscriptions.items():
            if people is None or client.person in people:
                subscription.look_at_s = 0.0
        self._look.set()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            self._fan.tick(self._clock.now(), self.stale_since)

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._look.wait()
            self._look.clear()
            now_s = time.monotonic()
            due = [one for one in self._subscriptions.values() if one.look_at_s <= now_s]
            for start in range(0, len(due), _LOOK_AT_ONCE):
                await asyncio.gather(*(self._look_once(one) for one in due[start : start + _LOOK_AT_ONCE]))

    async def _look_once(self, subscription: HubSubscription) -> None:
        client = subscription.client
        subscription.look_at_s = (
            time.monotonic() + LOOK_AGAIN_S
        )  # a change while it is looked up comes on top
        try:
            async with asyncio.timeout(LOOK_WITHIN_S):
                allowed = await subscription.look_again()
        except (RedWhistleError, TimeoutError) as error:
            subscription.look_at_s = time.monotonic() + LOOK_WITHIN_S
            unsure_s = time.monotonic() - subscription.sure_at_s
            log.warning(
                "stream_rights_unknown", person=client.person, why=str(error), unsure_s=round(unsure_s)
            )
            if unsure_s > UNSURE_S and self.stale_since is None:
                self._fan.end(client)
            return
        except Exception:  # a fault of ours: nobody keeps what nobody can vouch for
            log.exception("stream_rights_failed", person=client.person)
            self._fan.end(client)
            return
        if allowed is None or allowed.scope.empty:
            log.info("stream_ended", person=client.person, why="session or rights ended")
            self._fan.end(client)
            return
        look_at_s = subscription.look_at_s
        subscription.looked(allowed.until, self._clock.now())
        subscription.look_at_s = min(subscription.look_at_s, look_at_s)
        self._fan.change_scope(client, allowed.scope)

    def _end_all(self) -> None:
        for task in self._tasks:
            task.cancel()
        for client in self._fan.clients:
            self._fan.end(client)
