"""Dropped numbers to ranges: pure."""

from collections.abc import Iterable, Sequence

from redwhistle.contracts.ids import SeqRange


def to_runs(seqs: Iterable[int], passable: Iterable[int] = ()) -> list[tuple[SeqRange, int]]:
    """Runs of rising `seqs` and the count of each; numbers in `passable` (gap records' own) do not break a run."""
    through = set(passable)
    runs: list[tuple[SeqRange, int]] = []
    for seq in seqs:
        if runs and is_adjacent(runs[-1][0][1], seq, through):
            (lo, _), count = runs[-1]
            runs[-1] = ((lo, seq), count + 1)
        else:
            runs.append(((seq, seq), 1))
    return runs


def is_adjacent(hi: int, lo: int, passable: set[int] | Sequence[int]) -> bool:
    """Whether nothing but passable numbers lies between `hi` and the later `lo`."""
    between = range(hi + 1, lo)
    if len(between) > len(passable):
        return False
    return all(seq in passable for seq in between)
