"""The box's clocks in one place: wall time, time since boot, boot id, and whether wall time can be trusted."""

import ctypes
import ctypes.util
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from edge.agent.observation import Moment
from redwhistle.clock import Clock, to_ms
from redwhistle.contracts.envelope import Stamp
from redwhistle.contracts.wire import MS_MAX, MS_MIN

EARLIEST_MS = to_ms(datetime(2026, 1, 1, tzinfo=UTC))
"""No wall clock that shows an earlier time is right: the program is younger."""


class BoxClock:
    """Gives moments and stamps. Safe from any thread.

    `synced` says whether wall time is disciplined; the answer is kept for a second. A wall time before
    `EARLIEST_MS` is never called synchronised. Absurd times are clamped to what the contract can carry.
    """

    def __init__(self, clock: Clock, boot: str, synced: Callable[[], bool]) -> None:
        self.boot = boot
        self._clock = clock
        self._ask_synced = synced
        self._synced = False
        self._asked_at_ms: int | None = None

    def moment(self) -> Moment:
        """The clocks now."""
        mono_ms = self.mono_ms()
        if self._asked_at_ms is None or not 0 <= mono_ms - self._asked_at_ms < 1000:
            self._synced = self._ask_synced()
            self._asked_at_ms = mono_ms
        at_ms = min(max(to_ms(self._clock.now()), MS_MIN), MS_MAX)
        return Moment(at_ms, mono_ms, self._synced and at_ms >= EARLIEST_MS)

    def stamp(self) -> Stamp:
        """The clocks now, as an envelope carries them."""
        now = self.moment()
        return Stamp(at_ms=now.at_ms, mono_ms=now.mono_ms, boot=self.boot, synced=now.synced)

    def mono_ms(self) -> int:
        """Milliseconds since boot; they never run backwards. All timers of the agent use this."""
        return max(self._clock.monotonic_ms(), 0)


def read_boot_id(path: Path = Path("/proc/sys/kernel/random/boot_id")) -> str:
    """The kernel's boot id, 32 hex digits; a random one for this process where the kernel gives none."""
    try:
        return uuid.UUID(path.read_text(encoding="ascii").strip()).hex
    except (OSError, ValueError):
        return uuid.uuid4().hex


def is_wall_clock_synced(timesync_flag: Path = Path("/run/systemd/timesync/synchronized")) -> bool:
    """True when the kernel's clock is disciplined (adjtimex(2)) or systemd-timesyncd says so."""
    return timesync_flag.exists() or _is_kernel_clock_synced()


class _Timex(ctypes.Structure):
    """The beginning of `struct timex` (adjtimex(2)), and room for the rest of it on every architecture."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


_TIME_ERROR = 5
_STA_UNSYNC = 0x0040


def _is_kernel_clock_synced() -> bool:
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return False
    timex = _Timex()
    state = adjtimex(ctypes.byref(timex))
    return state not in {-1, _TIME_ERROR} and not timex.status & _STA_UNSYNC
