"""Evidence as somebody may see it through the doors: what `server.store.evidence` does, over the pool."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from redwhistle.errors import NotFound
from server.records.looking import Page
from server.rights.scope import Scope
from server.store import evidence as kept
from server.store.looking import UNKNOWN, Row
from server.store.pool import Pooled


class EvidenceLook:
    """Pictures of alerts and who looked at them. Safe to use from many threads."""

    def __init__(self, pool: Pooled) -> None:
        self._pool = pool

    def of_alert(self, scope: Scope, alert: str, now: datetime) -> Sequence[Row]:
        """What is known of an alert's pictures, the newest first."""
        with self._pool.use() as connection:
            return kept.list_evidence(connection, scope, now, alert=alert, exercise=None, limit=100)

    def one(self, scope: Scope, evidence: UUID, now: datetime) -> Row:
        """What is known of a picture; raise NotFound."""
        with self._pool.use() as connection:
            try:
                return kept.read_evidence(connection, scope, str(evidence), now)
            except NotFound:
                raise NotFound(UNKNOWN) from None

    def look(self, scope: Scope, evidence: UUID, login: str, address: str, now: datetime) -> bytes:
        """The picture, after the look was recorded; raise NotFound, also for one that is gone."""
        with self._pool.use() as connection:
            return kept.view(connection, scope, str(evidence), kept.Look(login, "api", address), now)

    def views(self, scope: Scope, evidence: UUID | None, page: Page) -> Sequence[Row]:
        """A page of looks, the newest first, one row more than asked for."""
        after = page.keys("after")["after"]
        with self._pool.use() as connection:
            return kept.list_views(
                connection,
                scope,
                evidence=None if evidence is None else str(evidence),
                exercise=None,
                after=after if isinstance(after, int) else None,
                limit=page.fetch,
            )
