"""One box with endless garbage cannot fill the server's disk, nor take another box's room."""

from server.store.quota import CUT_BYTES, HOUR_S, KEPT_BYTES_AN_HOUR, Quota


def test_what_is_over_the_hours_room_is_kept_by_its_beginning() -> None:
    quota = Quota()
    piece = bytes(1024 * 1024)
    kept = [len(quota.cut("box-1", piece, 5.0)) for _ in range(20)]
    assert kept == [len(piece)] * 8 + [CUT_BYTES] * 12
    assert sum(kept) < KEPT_BYTES_AN_HOUR + 20 * CUT_BYTES
    assert quota.cut("box-2", piece, 5.0) == piece
    assert quota.cut("box-1", piece, 5.0 + HOUR_S) == piece


def test_the_memory_of_senders_is_bounded() -> None:
    quota = Quota()
    for n in range(300_000):
        quota.cut(f"box-{n}", b"x", 1.0)
    assert len(quota._spent) <= 100_001
