"""Connections to PostgreSQL: opened in UTC, with driver errors turned into ours at this door."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg.pq import PipelineStatus
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from redwhistle.errors import Blocked, SchemaError, StoreError, Unavailable

Connection = psycopg.Connection[TupleRow]
Pool = ConnectionPool[Connection]

IDLE_S = 15
"""A transaction that does nothing for so long is ended by the server, and its locks with it: whoever was stopped, or cut
off, in the middle of one must not keep a compound's alarms waiting."""
_OPTIONS = (
    "-c timezone=UTC -c default_transaction_isolation=read\\ committed -c client_min_messages=warning"
    f" -c idle_in_transaction_session_timeout={IDLE_S}s"
    " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
)


def connect(url: str, *, name: str, autocommit: bool = False) -> Connection:
    """One connection; raise Unavailable when the server cannot be reached. `name` shows in pg_stat_activity."""
    with translated():
        return psycopg.connect(url, autocommit=autocommit, **_arguments(name))


def open_pool(
    url: str, *, name: str, size: int = 4, configure: Callable[[Connection], None] | None = None
) -> Pool:
    """A pool of at most `size` connections that are checked before use; close it when done."""
    return ConnectionPool(
        url,
        min_size=1,
        max_size=size,
        kwargs=_arguments(name),
        check=ConnectionPool.check_connection,
        configure=configure,
        open=True,
        timeout=10.0,
        name=name,
    )


def is_lost(connection: Connection) -> bool:
    """Whether nothing more can be done over this connection, which is in no transaction of ours.

    Cut off in the middle of a pipeline it is not `closed`: libpq learns of the end only by reading, refuses what would be
    read because the pipeline is open, and cannot leave the pipeline while results are out. It would refuse for ever.
    """
    return connection.closed or connection.pgconn.pipeline_status != PipelineStatus.OFF


@contextmanager
def translated() -> Iterator[None]:
    """Let no psycopg error out: what may pass later is Unavailable or Blocked, the rest is StoreError."""
    try:
        yield
    except pg.LockNotAvailable as error:
        raise Blocked(f"somebody else holds what is needed: {_first_line(error)}. Try again.") from error
    except pg.ReadOnlySqlTransaction as error:
        raise Unavailable(f"the database is a standby for now: {_first_line(error)}") from error
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
        raise Unavailable(f"the database cannot serve now: {_first_line(error)}") from error
    except (pg.DiskFull, pg.OutOfMemory, pg.SerializationFailure, pg.DeadlockDetected) as error:
        raise Unavailable(f"the database cannot serve now: {_first_line(error)}") from error
    except (pg.UndefinedTable, pg.UndefinedColumn) as error:
        raise SchemaError(f"{_first_line(error)}. Run `redwhistle db migrate`.") from error
    except psycopg.Error as error:
        raise StoreError(_first_line(error)) from error


def _arguments(name: str) -> dict[str, Any]:
    return {
        "application_name": f"redwhistle-{name}",
        "options": _OPTIONS,
        "connect_timeout": 10,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
