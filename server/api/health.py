"""Whether this process can serve: asked by whoever starts, watches or balances it."""

from collections.abc import Callable, Sequence

from redwhistle.errors import SchemaError, StoreError
from server.api.ports import Row
from server.api.stream.hub import Hub


class DatabaseHealth:
    """The database answers and has this program's schema; the stream has read the queue."""

    def __init__(self, check: Callable[[], None], hub: Hub | None) -> None:
        self._check = check
        self._hub = hub

    def parts(self) -> Sequence[Row]:
        """`name`, `ready` and `detail` (what to do) of each part."""
        parts = [self._database()]
        stale = None if self._hub is None else self._hub.stale_since
        parts.append(
            {
                "name": "stream",
                "ready": stale is None,
                "detail": "" if stale is None else "the live stream has lost the database: see the log",
            }
        )
        return parts

    def _database(self) -> Row:
        try:
            self._check()
        except SchemaError as error:
            return {"name": "database", "ready": False, "detail": str(error)}
        except StoreError:
            text = "the database does not answer: see the log, and whether it runs"
            return {"name": "database", "ready": False, "detail": text}
        return {"name": "database", "ready": True, "detail": ""}
