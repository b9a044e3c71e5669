"""Box states and announced devices in PostgreSQL."""

from collections.abc import Callable
from datetime import datetime

from redwhistle.clock import from_ms
from redwhistle.contracts.state import BoxState
from server.records import KnownState
from server.store.connection import Connection
from server.store.sql import statement


class Boxes:
    """Works inside the transaction that is open on the connection that `connect` gives."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect

    def lock_state(self, box: str) -> KnownState | None:
        """Lock and read a box's row."""
        row = self._connect().execute(statement("boxes/lock_state"), {"box": box}).fetchone()
        return KnownState(*row) if row else None

    def was_used_before(self, box: str, epoch: str, since: datetime) -> bool:
        """Whether items of this epoch came before `since`."""
        row = self._connect().execute(
            "SELECT EXISTS (SELECT FROM box_progress WHERE box = %s AND epoch = %s AND first_at < %s)",
            (box, epoch, since),
        )
        return bool((row.fetchone() or (False,))[0])

    def save_state(self, state: BoxState, *, digest: str, twin: bool, received_ms: int) -> None:
        """Keep what a birth message or a last will says."""
        self._connect().execute(
            statement("boxes/save_state"),
            {
                "box": state.box,
                "online": state.online,
                "reason": state.reason,
                "epoch": state.epoch,
                "twin": twin,
                "boot": state.stamp.boot,
                "version": state.version,
                "os": state.os,
                "synced": state.stamp.synced,
                "offset_ms": state.stamp.at_ms - received_ms if state.online else None,
                "digest": digest,
                "now": from_ms(received_ms),
            },
        )

    def announce_devices(self, state: BoxState) -> None:
        """Make or change a row for each device; a place that is not in the tree counts as none."""
        if not state.devices:
            return
        with self._connect().cursor() as cursor:
            cursor.executemany(
                statement("devices/announce"),
                [
                    {
                        "box": state.box,
                        "device": d.id,
                        "kind": d.kind.value,
                        "model": d.model,
                        "label": d.label,
                        "place": d.place,
                        "heartbeat_s": d.heartbeat_s,
                    }
                    for d in sorted(state.devices, key=lambda d: d.id)
                ],
            )
