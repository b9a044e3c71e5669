"""Events as bytes: whatever stands in them, each is one event, and only changes have an id."""

import json

from hypothesis import given
from hypothesis import strategies as st

from bench.sse import ChunkReader, EventReader
from server.api.stream.cursor import ResetReason
from server.api.stream.frames import (
    box_body,
    box_change,
    change_frame,
    item_change,
    reset_frame,
    snapshot_frame,
    snapshot_rest,
    tick_frame,
)
from server.api.stream.response import PIECE_BYTES, _portions
from server.records.changes import ChangedBox
from tests.unit.stream.world import NOW


@given(st.text(), st.text(), st.none() | st.text(), st.booleans())
def test_a_box_with_any_names_is_one_event(box: str, site: str, reason: str | None, online: bool) -> None:
    body = box_body(ChangedBox(box, site, online, reason, None, NOW, 7, ["city"], None))
    changed, snapshot = EventReader().feed(
        change_frame(box_change(body), "c-1")
        + b"".join(snapshot_frame("c-2", NOW, snapshot_rest([], [body], 1, 1)))
    )
    assert (changed.name, changed.id, snapshot.name, snapshot.id) == ("change", "c-1", "snapshot", None)
    (listed,) = json.loads(snapshot.data)["boxes"]["list"]
    assert json.loads(changed.data) == {"kind": "box", "box": listed}
    assert (listed["online"], listed["last_seen_at"]) == (online, "2026-05-24T08:49:00.000Z")
    if box.isprintable():
        assert listed["box"] == box


def test_items_go_into_a_snapshot_as_they_are() -> None:
    rest = snapshot_rest([b'{"number":1}', b'{"number":2}'], [], 0, 0)
    (event,) = EventReader().feed(b"".join(snapshot_frame("c", NOW, rest)))
    assert json.loads(event.data) == {
        "cursor": "c",
        "server_time": "2026-05-24T08:49:00.000Z",
        "items": [{"number": 1}, {"number": 2}],
        "boxes": {"online": 0, "total": 0, "list": []},
    }
    assert json.loads(item_change(b'{"number":1}')) == {"kind": "item", "item": {"number": 1}}


def test_control_events_have_no_id() -> None:
    events = EventReader().feed(
        reset_frame(ResetReason.SLOW) + tick_frame("c", NOW, None) + tick_frame("c", NOW, NOW)
    )
    assert [(event.name, event.id) for event in events] == [("reset", None), ("tick", None), ("tick", None)]
    assert ["stale_since" in json.loads(event.data) for event in events[1:]] == [False, True]


@given(st.lists(st.integers(0, 3 * PIECE_BYTES), max_size=6))
def test_pieces_are_sent_whole_in_order_and_in_small_portions(lengths: list[int]) -> None:
    pieces = [bytes([65 + at]) * length for at, length in enumerate(lengths)]
    portions = list(_portions(pieces))
    assert b"".join(portions) == b"".join(pieces)
    assert all(0 < len(portion) <= PIECE_BYTES for portion in portions)


@given(st.lists(st.binary(min_size=1, max_size=40)), st.integers(1, 30))
def test_the_measuring_client_reads_chunks_however_they_are_cut(chunks: list[bytes], size: int) -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    sent = head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])
    reader = ChunkReader()
    body = b"".join(reader.feed(sent[at : at + size]) for at in range(0, len(sent), size))
    assert body == b"".join(chunks)
    assert reader.ended
