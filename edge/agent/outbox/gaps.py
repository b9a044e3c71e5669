"""Dropped numbers to ranges: pure.

A gap record that waits to be sent has a number of its own. No other record's range may run over that number: the server
would take it for dropped and acknowledge it, the box would let go of the record unsent, and what it declares would be
missed for ever. A record's range may run over its own number: who reads the range has the record.
"""

from collections.abc import Iterable

from redwhistle.contracts.ids import SeqRange


def to_runs(seqs: Iterable[int]) -> list[tuple[SeqRange, int]]:
    """Runs of rising `seqs` without a hole, and the count of each."""
    runs: list[tuple[SeqRange, int]] = []
    for seq in seqs:
        if runs and runs[-1][0][1] + 1 == seq:
            (lo, _), count = runs[-1]
            runs[-1] = ((lo, seq), count + 1)
        else:
            runs.append(((seq, seq), 1))
    return runs


def continues(hi: int, own: int, lo: int) -> bool:
    """Whether the range of record `own`, which ends at `hi`, may go on with the later `lo`."""
    return lo == hi + 1 or (lo == hi + 2 and own == hi + 1)
