"""Events of the stream as bytes, by the WHATWG's text/event-stream: only changes carry an id. Pure.

Every payload is JSON on one line, so no line break can end an event early.
"""

import json
from collections.abc import Iterable
from datetime import datetime

from server.api.schemas.wire import write_time
from server.api.stream.cursor import ResetReason
from server.records.changes import ChangedBox

RETRY = b"retry: 1000\n\n"
"""How many milliseconds an EventSource of a browser waits before it connects again."""


def change_frame(data: bytes, cursor: str) -> bytes:
    """One change; whoever has it knows everything up to the cursor."""
    return b"id: " + cursor.encode() + b"\nevent: change\ndata: " + data + b"\n\n"


def item_change(item: bytes) -> bytes:
    """The payload of an item's change, from the item as JSON."""
    return b'{"kind":"item","item":' + item + b"}"


def box_change(box: bytes) -> bytes:
    """The payload of a box's change, from the box as JSON."""
    return b'{"kind":"box","box":' + box + b"}"


def box_body(box: ChangedBox) -> bytes:
    """A box as JSON (schemas.stream.StreamBox)."""
    return _json(
        {
            "box": box.box,
            "site": box.site,
            "online": box.online,
            "clock_synced": box.clock_synced,
            "last_seen_at": write_time(box.last_seen_at) if box.last_seen_at else None,
            "reason": box.reason,
        }
    )


def snapshot_rest(items: Iterable[bytes], boxes: Iterable[bytes], online: int, total: int) -> bytes:
    """What of a snapshot is the same for all who get it."""
    return (
        b'"items":['
        + b",".join(items)
        + b'],"boxes":{"online":%d,"total":%d,"list":[' % (online, total)
        + b",".join(boxes)
        + b"]}}"
    )


def snapshot_frame(cursor: str, server_time: datetime, rest: bytes) -> tuple[bytes, bytes, bytes]:
    """Everything that stands, with the cursor to go on from; in pieces, so that `rest` is not copied for each client."""
    head = _json({"cursor": cursor, "server_time": write_time(server_time)})[:-1]
    return b"event: snapshot\ndata: " + head + b",", rest, b"\n\n"


def reset_frame(reason: ResetReason) -> bytes:
    """What the client knows is void; a snapshot follows."""
    return b"event: reset\ndata: " + _json({"reason": reason.value}) + b"\n\n"


def tick_frame(cursor: str, server_time: datetime, stale_since: datetime | None) -> bytes:
    """The stream lives, and all that happened before has been sent; or the database is away since `stale_since`."""
    told = {"server_time": write_time(server_time), "cursor": cursor}
    if stale_since is not None:
        told["stale_since"] = write_time(stale_since)
    return b"event: tick\ndata: " + _json(told) + b"\n\n"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
