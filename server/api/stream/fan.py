"""Who is told what: clients with the same view share their bytes, and each has a bounded inbox of its own. Pure.

A client whose inbox is full loses what is in it, is told so (`reset`), and starts over from a snapshot when it takes
again: it costs the others nothing, and no more memory than the limit.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from server.api.stream.cursor import Cursor, ResetReason, digest_database, digest_view, read_cursor
from server.api.stream.frames import (
    RETRY,
    change_frame,
    reset_frame,
    snapshot_frame,
    snapshot_rest,
    tick_frame,
)
from server.api.stream.mirror import BoxEntry, Entry, ItemEntry, Mirror
from server.records.changes import Changes, Standing
from server.rights.scope import Scope

INBOX_LIMIT = 1_000
"""How many events may wait for a client."""
RESUME_LIMIT = 500
"""Who missed more than this gets a snapshot instead."""
SNAPSHOT_FRESH = timedelta(seconds=2)
"""So long a snapshot is given to all who come; then a new one is made."""
STREAMS_OF_ONE = 20
"""How many streams one person has at once; with one more, the oldest ends (a phone leaves dead ones behind)."""


_Missed = tuple[tuple[int, int], tuple[bytes, int]]
"""Since which position at which revision, and the frames with their number."""
_NOTHING_MISSED: _Missed = ((-1, -1), (b"", 0))


@dataclass(frozen=True, slots=True)
class View:
    """What a client may see and wants to: of one exercise ('' is what is real, None is all)."""

    scope: Scope
    exercise: str | None = ""

    @property
    def digest(self) -> str:
        return digest_view(self.scope.digest, self.exercise)

    def shows(self, entry: Entry) -> bool:
        """Whether an item or box is in it. Boxes belong to every exercise."""
        if isinstance(entry, ItemEntry) and self.exercise is not None and entry.exercise != self.exercise:
            return False
        return self.scope.covers(entry.path, entry.company)


@dataclass(slots=True, eq=False)
class Client:
    """One connection's inbox. `wake` is called when there is something to take."""

    person: str
    wake: Callable[[], None]
    group: "Group"
    ended: bool = False
    starting: bool = True
    """It takes a snapshot next; until then nothing is put into the inbox."""
    reason: ResetReason | None = None
    greeted: bool = False
    count: int = 0
    inbox: deque[bytes] = field(default_factory=deque)


@dataclass(slots=True, eq=False)
class Group:
    """Clients with equal views."""

    view: View
    digest: str
    clients: dict[Client, None] = field(default_factory=dict)
    snapshot: "_Snapshot | None" = None
    missed: _Missed = _NOTHING_MISSED


@dataclass(frozen=True, slots=True)
class _Snapshot:
    made_at: datetime
    revision: int
    position: int
    rest: bytes


class Fan:
    """All clients of a process. Not for two threads."""

    def __init__(self, mirror: Mirror, *, inbox_limit: int = INBOX_LIMIT) -> None:
        self._mirror = mirror
        self._limit = inbox_limit
        self._groups: dict[str, Group] = {}
        self._of_person: dict[str, list[Client]] = {}
        self._database = ""
        self.slow = 0
        """How often a client was too slow."""

    @property
    def clients(self) -> list[Client]:
        """All that have joined and not left."""
        return [client for group in self._groups.values() for client in group.clients]

    def join(
        self,
        view: View,
        person: str,
        wake: Callable[[], None],
        after: str | None,
        now: datetime,
        stale_since: datetime | None = None,
    ) -> Client:
        """A new client: what it missed since the cursor `after`, or a snapshot, is what it takes first."""
        client = Client(person, wake, self._enter(view))
        client.group.clients[client] = None
        reason = None if after is None else self._resume(client, after, now, stale_since)
        if client.starting:
            client.reason = reason
        own = self._of_person.setdefault(person, [])
        own.append(client)
        if len(own) > STREAMS_OF_ONE:
            self.end(own[0])
        return client

    def leave(self, client: Client) -> None:
        """Forget it; leaving twice is no fault."""
        self._exit(client)
        own = self._of_person.get(client.person, [])
        if client in own:
            own.remove(client)
            if not own:
                del self._of_person[client.person]

    def end(self, client: Client) -> None:
        """It gets nothing any more, also not what waits already; its connection closes."""
        client.ended = True
        client.inbox.clear()
        self.leave(client)
        client.wake()

    def change_scope(self, client: Client, scope: Scope) -> None:
        """Its rights are others now: it starts over with what it may see."""
        if client.ended or scope == client.group.view.scope:
            return
        self._exit(client)
        client.group = self._enter(View(scope, client.group.view.exercise))
        client.group.clients[client] = None
        self._start_over(client, ResetReason.RIGHTS)

    def begin(self, standing: Standing, items: Iterable[ItemEntry], boxes: Iterable[BoxEntry]) -> None:
        """Everything was read anew: whoever is here starts over."""
        self._mirror.replace_all(standing, items, boxes)
        before, self._database = self._database, digest_database(standing.database)
        for group in self._groups.values():  # positions of another database mean nothing here
            group.snapshot, group.missed = None, _NOTHING_MISSED
        same = before == self._database  # then it is the tree of places that is another
        for client in self.clients:
            self._start_over(client, ResetReason.RIGHTS if same else ResetReason.OTHER_DATABASE)

    def tell(self, changes: Changes, items: Iterable[ItemEntry], boxes: Iterable[BoxEntry]) -> None:
        """Put what changed into the inboxes of those who may see it."""
        news: list[Entry] = [*sorted(items, key=lambda entry: entry.order), *boxes]
        before = self._mirror.position
        self._mirror.apply(changes, (e for e in news if isinstance(e, ItemEntry)), boxes)
        if not news:
            return
        for group in self._groups.values():
            seen = [entry.data for entry in news if group.view.shows(entry)]
            if seen:
                chunk = self._frames(group, seen, before)
                for client in group.clients:
                    self._put(client, chunk, len(seen))

    def tick(self, now: datetime, stale_since: datetime | None) -> None:
        """Tell everybody that the stream lives, or since when the database is away."""
        for group in self._groups.values():
            frame = tick_frame(str(self._cursor(group)), now, stale_since)
            for client in group.clients:
                self._put(client, frame, 1)

    def take(self, client: Client, now: datetime, stale_since: datetime | None = None) -> Sequence[bytes]:
        """What waits for a client, in order, as pieces to send; empty when nothing does.

        `stale_since`: since when the database is away; whoever gets a snapshot then is told with it.
        """
        pieces: list[bytes] = []
        if client.ended:
            return pieces
        if not client.greeted:
            client.greeted = True
            pieces.append(RETRY)
        if client.starting:
            if client.reason is not None:
                pieces.append(reset_frame(client.reason))
            pieces.extend(self._snapshot(client.group, now))
            if stale_since is not None:
                pieces.append(tick_frame(str(self._cursor(client.group)), now, stale_since))
            client.starting, client.reason = False, None
        pieces.extend(client.inbox)
        client.inbox.clear()
        client.count = 0
        return pieces

    def _enter(self, view: View) -> Group:
        digest = view.digest
        group = self._groups.get(digest)
        if group is None:
            group = self._groups[digest] = Group(view, digest)
        return group

    def _exit(self, client: Client) -> None:
        group = client.group
        group.clients.pop(client, None)
        if not group.clients and self._groups.get(group.digest) is group:
            del self._groups[group.digest]

    def _resume(
        self, client: Client, after: str, now: datetime, stale_since: datetime | None
    ) -> ResetReason | None:
        """Fill the inbox with what was missed; or say why that cannot be."""
        cursor = read_cursor(after)
        if cursor is None:
            return ResetReason.UNREADABLE
        if cursor.database != self._database:
            return ResetReason.OTHER_DATABASE
        if cursor.view != client.group.digest:
            return ResetReason.OTHER_SCOPE
        missed = self._missed(client.group, cursor.position)
        if missed is None:
            return ResetReason.TOO_OLD
        client.starting = False
        chunk, count = missed
        if count:
            client.inbox.append(chunk)
        client.inbox.append(tick_frame(str(self._cursor(client.group)), now, stale_since))
        client.count = count + 1
        return None

    def _missed(self, group: Group, position: int) -> tuple[bytes, int] | None:
        """Frames of what changed since; kept, because after a restart many ask for the same."""
        key = (position, self._mirror.revision)
        if group.missed[0] == key:
            return group.missed[1]
        entries = self._mirror.changed_since(position)
        if entries is None:
            return None
        seen = [entry.data for entry in entries if group.view.shows(entry)]
        if len(seen) > RESUME_LIMIT:
            return None
        found = (self._frames(group, seen, position) if seen else b"", len(seen))
        group.missed = (key, found)
        return found

    def _frames(self, group: Group, seen: Sequence[bytes], before: int) -> bytes:
        """Changes that belong together: only who has the last one knows all, so only that one has the new cursor."""
        old = str(Cursor(min(before, self._mirror.position), self._database, group.digest))
        new = str(self._cursor(group))
        frames = [change_frame(data, old) for data in seen[:-1]]
        return b"".join([*frames, change_frame(seen[-1], new)])

    def _snapshot(self, group: Group, now: datetime) -> Sequence[bytes]:
        """A snapshot; when many come at once, one made a moment ago and what changed since."""
        made, later = group.snapshot, b""
        if made is not None and made.revision != self._mirror.revision:
            missed = self._missed(group, made.position) if now - made.made_at < SNAPSHOT_FRESH else None
            made, later = (made, missed[0]) if missed is not None else (None, b"")
        if made is None:
            made = group.snapshot = self._make_snapshot(group, now)
        cursor = Cursor(made.position, self._database, group.digest)
        return [*snapshot_frame(str(cursor), now, made.rest), *([later] if later else [])]

    def _make_snapshot(self, group: Group, now: datetime) -> _Snapshot:
        shows = group.view.shows
        boxes = [entry for entry in self._mirror.standing_boxes() if shows(entry)]
        rest = snapshot_rest(
            [entry.body for entry in self._mirror.standing_items() if shows(entry)],
            [entry.body for entry in boxes],
            sum(entry.box.online for entry in boxes),
            len(boxes),
        )
        return _Snapshot(now, self._mirror.revision, self._mirror.position, rest)

    def _cursor(self, group: Group) -> Cursor:
        return Cursor(self._mirror.position, self._database, group.digest)

    def _put(self, client: Client, chunk: bytes, count: int) -> None:
        if client.starting:
            return
        if client.count and client.count + count > self._limit:  # who has nothing waiting is not slow
            self.slow += 1
            self._start_over(client, ResetReason.SLOW)
            return
        client.inbox.append(chunk)
        client.count += count
        client.wake()

    def _start_over(self, client: Client, reason: ResetReason) -> None:
        client.inbox.clear()
        client.count = 0
        if not client.starting or client.greeted:
            client.reason = reason
        client.starting = True
        client.wake()
