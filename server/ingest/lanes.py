"""What one lane holds while a batch is put together: cheap with few holes, and bounded with a hundred thousand. Pure."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from redwhistle.ranges import Ranges, contains, from_numbers, union
from server.records import Progress

_MANY = 256
"""Ranges from which on single numbers are gathered."""


@dataclass(slots=True)
class LaneState:
    """What a lane holds while the batch goes on.

    In a lane with many holes single numbers are gathered and merged once, by `settle`: one merge a number would take
    seconds, and other boxes' alarms would wait.
    """

    progress: Progress
    received: Ranges
    dropped: Ranges
    quarantined: int = 0
    duplicates: int = 0
    _gathered: set[int] = field(default_factory=set)
    _edges: tuple[Ranges, NDArray[np.int64], NDArray[np.int64]] | None = None

    def holds(self, seq: int) -> bool:
        """Whether this number is held."""
        return seq in self._gathered or contains(self.received, seq)

    def take(self, seq: int) -> None:
        """One more number is held."""
        if len(self.received) < _MANY:
            self.received = union(self.received, ((seq, seq),))
        else:
            self._gathered.add(seq)

    def mask_new(self, seqs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """For each of `seqs` (shape (n,)) whether it is not held."""
        held = self.received
        if not held:
            return np.ones(seqs.shape, dtype=np.bool_)
        if len(held) == 1:
            return np.asarray((seqs < held[0][0]) | (seqs > held[0][1]))
        if self._edges is None or self._edges[0] is not held:
            edges = np.array(held, dtype=np.int64)
            self._edges = (held, edges[:, 0].copy(), edges[:, 1].copy())
        _, firsts, lasts = self._edges
        index = np.searchsorted(firsts, seqs, side="right") - 1
        new = np.asarray((index < 0) | (seqs > lasts[index]))
        if self._gathered:
            new &= np.array([seq not in self._gathered for seq in seqs.tolist()], dtype=np.bool_)
        return new

    def take_rising(self, seqs: NDArray[np.int64]) -> None:
        """These numbers, which rise strictly, are held."""
        if len(self.received) < _MANY:
            self.received = union(self.received, _ranges_of(seqs))
        else:
            self._gathered.update(seqs.tolist())

    def settle(self) -> None:
        """Put what was gathered into `received`."""
        if self._gathered:
            self.received = union(self.received, from_numbers(self._gathered))
            self._gathered = set()


def _ranges_of(numbers: NDArray[np.int64]) -> Ranges:
    """Ranges that hold exactly `numbers`, which rise strictly."""
    cuts = np.flatnonzero(np.diff(numbers) > 1)
    firsts = numbers[np.concatenate(([0], cuts + 1))]
    lasts = numbers[np.concatenate((cuts, [numbers.size - 1]))]
    return tuple(zip(firsts.tolist(), lasts.tolist(), strict=True))
