"""The transaction in which a person's act is done, with its idempotency key: one commit for both."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from server.alerts.ports import Pack
from server.records.acting import ActAsked, Answer, Kept
from server.rights.scope import Scope
from server.store.connection import Connection, translated
from server.store.looking import Row, read_item_alone, rows
from server.store.pool import Pooled
from server.store.sql import statement
from server.store.unit_of_work import PostgresUnitOfWork

P = TypeVar("P", bound=Pack)


class ActTransaction(Generic[P]):
    """An open transaction; used by one thread, then thrown away."""

    def __init__(self, connection: Connection, pack_of: Callable[[Connection, str], P]) -> None:
        self.uow = PostgresUnitOfWork(connection)
        self._connection = connection
        self._pack_of = pack_of

    def pack_of(self, ref: str) -> P:
        """The rules by which the item's site is judged."""
        return self._pack_of(self._connection, ref)

    def item(self, scope: Scope, ref: str) -> Row:
        """The item as this transaction sees it; raise NotFound out of scope."""
        return read_item_alone(self._connection, scope, ref)

    def kept(self, key: UUID) -> Kept | None:
        """The act that came with this key; waits for one that is being done now."""
        lock = int.from_bytes(hashlib.sha256(b"act" + key.bytes).digest()[:8], "big", signed=True)
        with translated():
            self._connection.execute(statement("acts/lock"), {"lock": lock})
        found = rows(self._connection, "acts/take", {"key": key})
        if not found:
            return None
        row = found[0]
        return Kept(row["person"], row["digest"], Answer(row["status"], bytes(row["body"])), row["noted"])

    def keep(self, asked: ActAsked, kept: Kept, item: str, now: datetime) -> None:
        """Keep the answer under the act's key; of one that is kept already, only whether it is noted."""
        values = {
            "key": asked.key,
            "person": kept.person,
            "item": item,
            "act": asked.what.value,
            "digest": kept.digest,
            "status": kept.answer.status,
            "body": kept.answer.body,
            "noted": kept.noted,
            "at": now,
        }
        with translated():
            self._connection.execute(statement("acts/keep"), values)


class ActDesk(Generic[P]):
    """Opens transactions for acts. Safe to use from many threads."""

    def __init__(self, pool: Pooled, pack_of: Callable[[Connection, str], P]) -> None:
        self._pool = pool
        self._pack_of = pack_of

    @contextmanager
    def begin(self) -> Iterator[ActTransaction[P]]:
        """A transaction that is committed at the end; raise StoreError if it cannot be."""
        with self._pool.use() as connection, translated(), connection.transaction():
            yield ActTransaction(connection, self._pack_of)
