"""One batch from the boxes into PostgreSQL: lanes locked, rows copied, ranges saved; one transaction."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.types.json import Jsonb

from redwhistle.contracts.wire import MAX_ENVELOPE_BYTES
from redwhistle.errors import Unavailable
from redwhistle.ranges import Ranges, holes
from server.alerts.model import Item
from server.records import (
    EventRow,
    LaneKey,
    Progress,
    ProgressChange,
    QuarantineRow,
    ReadingRows,
    SeenBox,
)
from server.store import storable
from server.store.boxes import Boxes
from server.store.connection import Connection, connect, is_lost, translated
from server.store.edition import Edition, read_edition
from server.store.evidence_keeping import KEEP, EvidenceKeeper
from server.store.quota import Quota
from server.store.registry import Registry
from server.store.sql import statement

_PG_EPOCH_MS = 946_684_800_000
"""2000-01-01T00:00:00Z: PostgreSQL's binary timestamptz counts microseconds from there."""

_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("time", ">i8", "time_ms"),
    ("received_at", ">i8", "received_ms"),
    ("device_at", ">i8", "device_ms"),
    ("value", ">f8", "value"),
    ("seq", ">i8", "seq"),
    ("progress_key", ">i4", "progress_key"),
    ("device_key", ">i4", "device_key"),
    ("exercise_key", ">i4", "exercise_key"),
    ("metric_key", ">i2", "metric_key"),
    ("time_source", ">i2", "time_source"),
)
_COPY_READINGS = (
    "COPY readings (time, received_at, device_at, value, seq, progress_key, device_key, exercise_key, metric_key,"
    " time_source) FROM STDIN (FORMAT binary)"
)
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_TRAILER = b"\xff\xff"


LOCK_WAIT_S = 3.0
"""The longest wait for a row that somebody else holds: then the others of the batch go on without it (Blocked)."""
SiteKey = tuple[str, str]
Stepper = Callable[[Connection, Mapping[SiteKey, Sequence[Item]], datetime], None]
"""Steps the alert engine inside the transaction that is open on the connection."""


class Intake:
    """The door of one ingest worker into the database; reconnects by itself. Not for two threads."""

    def __init__(
        self,
        url: str,
        *,
        name: str,
        stepper: Stepper,
        lock_wait_s: float = LOCK_WAIT_S,
        keep_evidence: timedelta = KEEP,
    ) -> None:
        self._lock_wait_s = lock_wait_s
        self._stepper = stepper
        self._url = url
        self._name = name
        self._connection: Connection | None = None
        self._in_transaction = False
        self._rollups_maintained = True
        self._quota = Quota()
        self.registry = Registry(lambda: self.connection)
        self.boxes = Boxes(lambda: self.connection)
        self.evidence = EvidenceKeeper(lambda: self.connection, keep=keep_evidence)

    @property
    def connection(self) -> Connection:
        """The open connection; opened anew when it was lost. Raise Unavailable."""
        if self._connection is None or (not self._in_transaction and is_lost(self._connection)):
            self.close()
            connection = connect(self._url, name=self._name)
            try:
                wait = f"{round(self._lock_wait_s * 1000)}ms"
                with translated(), connection.transaction():
                    connection.execute("SELECT set_config('lock_timeout', %s, false)", (wait,))
                    self._rollups_maintained = read_edition(connection) is not Edition.TIMESCALE
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction; everything or nothing. Errors come out as ours, the connection usable or gone."""
        try:
            with translated():
                connection = self.connection
                self._in_transaction = True
                try:
                    with connection.transaction():
                        yield connection
                finally:
                    self._in_transaction = False
        except Unavailable as error:
            if isinstance(error.__cause__, ReadOnlySqlTransaction):
                self.close()  # the address may lead to another server by now
            if self._connection is None or is_lost(self._connection):
                # What the lost server had told may be gone with it: a standby took over, a backup was put back.
                self.registry.forget()
            raise

    def close(self) -> None:
        """Close the connection; what was not committed is rolled back by the server."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def lock_progress(self, lanes: Iterable[LaneKey]) -> dict[LaneKey, Progress]:
        """Lock the rows of these lanes, in sorted order, and read them."""
        wanted = sorted(set(lanes))
        rows = self.connection.execute(
            statement("intake/lock_progress"),
            {
                "boxes": [key.box for key in wanted],
                "epochs": [key.epoch for key in wanted],
                "lanes": [key.lane for key in wanted],
            },
        )
        return {
            LaneKey(box, epoch, lane): Progress(key, _parse(received), _parse(dropped))
            for box, epoch, lane, key, received, dropped in rows
        }

    def store_readings(self, rows: ReadingRows) -> None:
        """COPY the rows in PostgreSQL's binary format, built by numpy in one go."""
        if not len(rows):
            return
        packed = np.zeros(len(rows), dtype=_ROW)
        packed["fields"] = len(_COLUMNS)
        for name, kind, attribute in _COLUMNS:
            values = getattr(rows, attribute)
            packed[f"{name}_size"] = np.dtype(kind).itemsize
            packed[name] = (values - _PG_EPOCH_MS) * 1000 if attribute.endswith("_ms") else values
        with self.connection.cursor() as cursor, cursor.copy(_COPY_READINGS) as copy:
            copy.write(_COPY_HEADER)
            copy.write(packed.tobytes())
            copy.write(_COPY_TRAILER)
        if self._rollups_maintained:
            self._note_pending_rollups(rows)

    def store_events(self, rows: Sequence[EventRow]) -> None:
        """Insert events."""
        if not rows:
            return
        with self.connection.cursor() as cursor:
            cursor.executemany(
                statement("intake/store_event"),
                [
                    (
                        _utc(r.time_ms),
                        _utc(r.received_ms),
                        _utc(r.device_ms),
                        r.id,
                        r.seq,
                        r.progress_key,
                        r.device_key,
                        r.exercise_key,
                        r.time_source,
                        r.active,
                        r.test,
                        r.site,
                        r.place,
                        r.kind,
                        Jsonb(dict(r.data)),
                    )
                    for r in rows
                ],
            )

    def event_ids(self, progress_key: int, seqs: Sequence[int]) -> dict[int, str]:
        """The stored ids of these alarms, to tell a duplicate from another item under the same number."""
        rows = self.connection.execute(
            statement("intake/event_ids"), {"progress_key": progress_key, "seqs": list(seqs)}
        ).fetchall()
        return {seq: str(event_id) for seq, event_id in rows}

    def numbers_aside(self, lane: LaneKey, seqs: Sequence[int]) -> frozenset[int]:
        """Those of `seqs` that lie in quarantine."""
        values = {"box": lane.box, "epoch": lane.epoch, "lane": lane.lane, "seqs": list(seqs)}
        rows = self.connection.execute(statement("intake/numbers_aside"), values).fetchall()
        return frozenset(seq for (seq,) in rows)

    def set_aside(self, rows: Sequence[QuarantineRow]) -> None:
        """Keep what could not be stored as what it claims to be; the same again is kept once.

        Of a payload over the contract's limit, or of a box that sent 8 MiB amiss within the hour, the beginning is
        kept; its digest is that of the whole.
        """
        now_s = time.monotonic()
        with self.connection.cursor() as cursor:
            cursor.executemany(
                statement("intake/quarantine"),
                [
                    {
                        "topic": storable.text(r.topic[:500]),
                        "box": r.box,
                        "epoch": r.epoch,
                        "lane": r.lane,
                        "seq": r.seq,
                        "code": r.code,
                        "detail": storable.text(r.detail[:2000]),
                        "payload": self._quota.cut(r.box or r.topic, r.payload[:MAX_ENVELOPE_BYTES], now_s),
                        "sha256": hashlib.sha256(r.payload).hexdigest(),
                    }
                    for r in rows
                ],
            )

    def save_progress(self, changes: Sequence[ProgressChange], now: datetime) -> None:
        """Write what the lanes hold now; a hole is dated when it first shows and forgotten when it is filled."""
        self.connection.execute(
            statement("intake/save_progress"),
            {
                "keys": [c.progress_key for c in changes],
                "received": [_literal(c.received) for c in changes],
                "dropped": [_literal(c.dropped) for c in changes],
                "quarantined": [c.quarantined for c in changes],
                "duplicates": [c.duplicates for c in changes],
                "has_hole": [bool(holes(c.received)) for c in changes],
                "now": now,
            },
        )

    def read_hot(self, sites: Iterable[SiteKey]) -> dict[SiteKey, frozenset[tuple[str, str]]]:
        """The (device, metric) pairs of these sites whose readings must all pass the engine."""
        wanted = sorted(set(sites))
        if not wanted:
            return {}
        rows = self.connection.execute(
            statement("intake/read_hot"),
            {"sites": [s for s, _ in wanted], "exercises": [e for _, e in wanted]},
        )
        return {(site, exercise): frozenset(_pair(entry) for entry in hot) for site, exercise, hot in rows}

    def step(self, items: Mapping[SiteKey, Sequence[Item]], now: datetime) -> None:
        """Step the engine for these sites inside the open transaction."""
        self._stepper(self.connection, items, now)

    def note_twins(self, boxes: Iterable[str], now: datetime) -> None:
        """Keep that two machines use these names."""
        self.connection.execute(statement("boxes/note_twins"), {"boxes": sorted(boxes), "now": now})

    def note_seen(self, boxes: Sequence[SeenBox], now: datetime) -> None:
        """Keep when a box was heard and what its clock said."""
        ordered = sorted(boxes, key=lambda b: b.box)
        self.connection.execute(
            statement("boxes/note_seen"),
            {
                "boxes": [b.box for b in ordered],
                "boots": [b.boot for b in ordered],
                "synced": [b.synced for b in ordered],
                "offsets": [b.offset_ms for b in ordered],
                "now": now,
            },
        )

    def _note_pending_rollups(self, rows: ReadingRows) -> None:
        pending = _devices_by_minute(rows.time_ms, rows.device_key)
        self.connection.execute(
            statement("intake/pending_rollups"),
            {
                "minutes": [_utc(minute * 60_000) for minute in pending],
                "device_keys": [",".join(map(str, keys.tolist())) for keys in pending.values()],
            },
        )


def _devices_by_minute(
    time_ms: NDArray[np.int64], device_key: NDArray[np.int32]
) -> Mapping[int, NDArray[np.int64]]:
    """Minute since 1970 → the distinct devices with readings in it."""
    pairs = np.unique((time_ms // 60_000) << 32 | device_key.astype(np.int64))
    minutes = pairs >> 32
    cuts = np.flatnonzero(np.diff(minutes)) + 1
    firsts = np.concatenate(([0], cuts))
    parts = np.split(pairs & 0xFFFF_FFFF, cuts)
    return dict(zip(minutes[firsts].tolist(), parts, strict=True))


def _row_type() -> np.dtype[np.void]:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind, _ in _COLUMNS:
        fields += [(f"{name}_size", ">i4"), (name, kind)]
    return np.dtype(fields)


_ROW = _row_type()


def _pair(entry: str) -> tuple[str, str]:
    device, _, metric = entry.partition("|")
    return device, metric


def _utc(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=UTC)


def _parse(text: str) -> Ranges:
    """An int8multirange as text, `{[1,5),[7,9)}`, to inclusive ranges."""
    if text == "{}":
        return ()
    bounds = (part.strip("[)").split(",") for part in text.strip("{}").split("),"))
    return tuple((int(first), int(end) - 1) for first, end in bounds)


def _literal(ranges: Ranges) -> str:
    return "{" + ",".join(f"[{first},{last + 1})" for first, last in ranges) + "}"
