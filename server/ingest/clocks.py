"""Which time an item gets: the box's where its clock can be trusted, else one worked out from its age. Pure.

DESIGN.md §3.6: device time and receive time are both kept; an unsynchronised clock is corrected, absurd times are clamped.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from redwhistle.contracts.envelope import Stamp
from server.records import BootOffset, TimeSource

AHEAD_MS = 60_000
"""A synchronised clock may be this far ahead of ours; more is absurd."""
BEHIND_MS = 400 * 86_400_000
"""Items may be this old; older is absurd (and would make stray chunks)."""


def offset_of(stamp: Stamp, received_ms: int) -> BootOffset:
    """What a stamp tells about its boot: its own clock if synchronised, else ours at the time of receipt."""
    wall_ms = stamp.at_ms if stamp.synced and plausible(stamp.at_ms, received_ms) else received_ms
    return BootOffset(wall_ms - stamp.mono_ms, synced=stamp.synced and plausible(stamp.at_ms, received_ms))


def plausible(at_ms: int, received_ms: int) -> bool:
    """Whether a time can be that of an item received at `received_ms`."""
    return received_ms - BEHIND_MS <= at_ms <= received_ms + AHEAD_MS


def correct(
    at_ms: NDArray[np.int64],
    mono_ms: NDArray[np.int64],
    *,
    boot: str,
    synced: bool,
    sent: Stamp,
    received_ms: int,
    boots: Mapping[str, BootOffset],
) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
    """Times to store, in ms, and the TimeSource of each; all arrays have shape (n,), items of one boot and clock state."""
    if synced:
        times, source = at_ms, TimeSource.SENT
    elif boot == sent.boot:
        age = np.maximum(sent.mono_ms - mono_ms, 0)
        times, source = received_ms - age, TimeSource.AGE
    elif boot in boots:
        times, source = mono_ms + boots[boot].offset_ms, TimeSource.BOOT
    else:
        times, source = np.full(at_ms.shape, received_ms, dtype=np.int64), TimeSource.RECEIVED
    absurd = (times > received_ms + AHEAD_MS) | (times < received_ms - BEHIND_MS)
    sources = np.where(absurd, np.int16(TimeSource.RECEIVED), np.int16(source)).astype(np.int16)
    return np.where(absurd, np.int64(received_ms), times), sources
