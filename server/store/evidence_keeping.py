"""Evidence from the boxes: kept once, tied to its alerts, displaced by newer, removed when its time is over."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from redwhistle.clock import from_ms
from server.records import EvidenceRow
from server.store import storable
from server.store.connection import Connection, translated
from server.store.sql import statement

KEEP = timedelta(hours=72)
KEPT_OF_A_BOX = 500
"""Pictures of one box at a time (32 MB at most): a box that sends without end displaces its own."""
WAITS = timedelta(hours=1)
"""How long evidence is looked at again for an alert that came after it."""
_ROWS_AT_ONCE = 500


class EvidenceKeeper:
    """Works inside the transaction that is open on the connection that `connect` gives."""

    def __init__(
        self, connect: Callable[[], Connection], *, keep: timedelta = KEEP, of_a_box: int = KEPT_OF_A_BOX
    ) -> None:
        self._connect = connect
        self._keep = keep
        self._of_a_box = of_a_box

    def keep(self, row: EvidenceRow, now: datetime) -> bool:
        """Store a picture and tie it to its alerts; False when it is held already (then nothing changes)."""
        connection = self._connect()
        received = from_ms(row.received_ms)
        values = {
            "id": row.id,
            "box": row.box,
            "epoch": row.epoch,
            "device": row.device,
            "event": row.event,
            "site": row.site,
            "place": row.place,
            "exercise": row.exercise,
            "taken_at": from_ms(row.taken_ms),
            "device_at": from_ms(row.device_ms),
            "time_source": row.time_source,
            "received_at": received,
            "expires_at": received + self._keep,
            "width_px": row.width_px,
            "height_px": row.height_px,
            "people_blurred": row.people_blurred,
            "method": storable.text(row.method),
            "jpeg_bytes": len(row.jpeg),
            "sha256": hashlib.sha256(row.jpeg).hexdigest(),
            "jpeg": row.jpeg,
        }
        if connection.execute(statement("evidence/add"), values).rowcount == 0:
            return False
        displaced = connection.execute(
            statement("evidence/displace"), {"box": row.box, "keep": self._of_a_box, "now": now}
        )
        _tie(connection, [str(row.id), *(one for (one,) in displaced.fetchall())])
        return True


def tie_late(connection: Connection, now: datetime) -> int:
    """Look again for the alerts of evidence that came before them; return how many found one. Autocommit connection."""
    with translated(), connection.transaction():
        waiting = connection.execute(
            statement("evidence/untied"), {"since": now - WAITS, "limit": _ROWS_AT_ONCE}
        )
        return _tie(connection, [one for (one,) in waiting.fetchall()])


def remove_expired(connection: Connection, now: datetime, keep: timedelta) -> int:
    """Remove the pictures whose time is over, in short transactions of its own; return how many went.

    `keep` shortened since they came holds for them, too; lengthened it does not.
    """
    total = 0
    while True:
        with translated(), connection.transaction():
            rows = connection.execute(
                statement("evidence/expire"), {"now": now, "before": now - keep, "limit": _ROWS_AT_ONCE}
            )
            gone = [one for (one,) in rows.fetchall()]
            _recount(connection, gone)
        total += len(gone)
        if len(gone) < _ROWS_AT_ONCE:
            return total


def _tie(connection: Connection, evidence: Sequence[str]) -> int:
    """Tie what can be tied, and say in the work items how many pictures they have."""
    if not evidence:
        return 0
    tied = connection.execute(statement("evidence/tie"), {"ids": list(evidence)}).rowcount
    _recount(connection, evidence)
    return tied


def _recount(connection: Connection, evidence: Sequence[str]) -> None:
    if not evidence:
        return
    locked = connection.execute(statement("evidence/items_of"), {"ids": list(evidence)}).fetchall()
    items = [one for (one,) in locked]
    if not items:
        return
    changed = connection.execute(statement("evidence/recount"), {"items": items}).fetchall()
    if changed:
        connection.execute(statement("queue/notify"), {"items": [one for (one,) in changed]})
