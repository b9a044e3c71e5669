"""Alarms that the disk refused: held in memory under an epoch of their own, and sent from there.

A number of the file's epoch cannot be used for them: it would be given out a second time after a crash, and the
server would drop the second alarm as known. So each run of the agent has a second, random epoch that only this
memory counts in, and that nobody counts in again. When the disk works again they move there with their identity.
"""

import secrets
import threading
from collections.abc import Sequence

from edge.agent.outbox.rows import EventRow, Stream
from edge.agent.outbox.sending import is_in
from redwhistle.contracts.events import Event
from redwhistle.contracts.ids import ItemKey, Lane, SeqRange
from redwhistle.errors import OutboxError


class AlarmMemory:
    """At most `limit` alarms. Safe from any thread."""

    def __init__(self, box: str, limit: int) -> None:
        self.stream = Stream(secrets.token_hex(16), Lane.ALARM)
        self._box = box
        self._limit = limit
        self._last = 0
        self._rows: dict[int, EventRow] = {}
        self._lock = threading.Lock()

    def put(self, draft: Event, exercise: str | None) -> ItemKey:
        """Number and hold an alarm; raise OutboxError when `limit` are held already."""
        with self._lock:
            if len(self._rows) >= self._limit:
                raise OutboxError(
                    f"the disk refuses alarms and {self._limit} wait in memory: this one is lost. "
                    "Free or replace the disk at once."
                )
            self._last += 1
            item = draft.model_copy(update={"seq": self._last})
            text = item.model_dump_json(exclude_none=True)
            self._rows[self._last] = EventRow(self._last, exercise, item, len(text.encode()))
            return ItemKey(self._box, self.stream.epoch, self.stream.lane, self._last)

    def rows(self) -> list[EventRow]:
        """All held alarms, oldest first."""
        with self._lock:
            return list(self._rows.values())

    def remove(self, ranges: Sequence[SeqRange]) -> int:
        """Let go of the numbers in merged `ranges`; return how many were held."""
        with self._lock:
            gone = [seq for seq in self._rows if is_in(seq, ranges)]
            for seq in gone:
                del self._rows[seq]
            return len(gone)

    def __len__(self) -> int:
        return len(self._rows)
