"""What was sent and is not acknowledged yet: pure, and in memory on purpose.

After a restart nothing counts as sent, so everything unacknowledged is sent again; the server drops what it holds.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.agent.outbox.rows import Stream
from redwhistle.contracts.ids import Lane, SeqRange


@dataclass(slots=True)
class Batch:
    """Items that go in one envelope. `sent_at_ms` (monotonic) is None when they are due at once."""

    stream: Stream
    seqs: tuple[int, ...]
    sent_at_ms: int | None


class Sending:
    """Cursors over what was never sent, and the batches that wait for an acknowledgement."""

    def __init__(self) -> None:
        self._cursors: dict[Stream, int] = {}
        self._batches: list[Batch] = []

    def cursor(self, stream: Stream) -> int:
        """The highest number sent in `stream`; everything above it was never sent."""
        return self._cursors.get(stream, 0)

    def add(self, batch: Batch) -> None:
        """Remember a batch; the cursor of its stream moves to its end."""
        if batch.seqs:
            self._batches.append(batch)
            self._cursors[batch.stream] = max(self.cursor(batch.stream), batch.seqs[-1])

    def take_due(self, lane: Lane, now_ms: int, resend_after_ms: int) -> Batch | None:
        """Remove and return the oldest batch of `lane` that is due: never answered in time, or split."""
        for index, batch in enumerate(self._batches):
            if batch.stream.lane is lane and _is_due(batch, now_ms, resend_after_ms):
                return self._batches.pop(index)
        return None

    def acknowledge(self, stream: Stream, ranges: Sequence[SeqRange]) -> None:
        """Forget the acknowledged numbers; a batch without any left is gone."""
        tidy = merge_ranges(ranges)
        kept = []
        for batch in self._batches:
            if batch.stream == stream:
                batch.seqs = tuple(seq for seq in batch.seqs if not is_in(seq, tidy))
            if batch.seqs:
                kept.append(batch)
        self._batches = kept

    def split(self, stream: Stream, seqs: Sequence[int]) -> None:
        """Send `seqs` again as two halves, apart from each other and from everything else."""
        self.acknowledge(stream, [(seq, seq) for seq in seqs])
        middle = len(seqs) // 2
        for half in (seqs[:middle], seqs[middle:]):
            self.add(Batch(stream, tuple(half), None))

    def forget(self) -> None:
        """Nothing counts as sent any more."""
        self._cursors.clear()
        self._batches.clear()

    def in_flight(self, lane: Lane, sent_after_ms: int | None = None) -> int:
        """Batches of `lane` that were sent (after `sent_after_ms`) and are not wholly acknowledged."""
        sent = [b.sent_at_ms for b in self._batches if b.stream.lane is lane and b.sent_at_ms is not None]
        return sum(sent_after_ms is None or at_ms > sent_after_ms for at_ms in sent)


def merge_ranges(ranges: Iterable[SeqRange]) -> list[SeqRange]:
    """The same numbers as sorted ranges that neither touch nor overlap."""
    merged: list[SeqRange] = []
    for lo, hi in sorted(ranges):
        if merged and lo <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], hi))
        elif lo <= hi:
            merged.append((lo, hi))
    return merged


def is_in(seq: int, ranges: Sequence[SeqRange]) -> bool:
    """Whether merged ranges hold `seq`."""
    at = bisect_right(ranges, seq, key=_first)
    return at > 0 and ranges[at - 1][1] >= seq


def _first(bounds: SeqRange) -> int:
    return bounds[0]


def _is_due(batch: Batch, now_ms: int, resend_after_ms: int) -> bool:
    return batch.sent_at_ms is None or now_ms - batch.sent_at_ms >= resend_after_ms
