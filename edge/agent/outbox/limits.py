"""What the outbox may hold, and the numbers it gives about itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one outbox. Alarms count towards them, and are kept beyond every one of them."""

    max_rows: int = 200_000
    max_bytes: int = 256 * 1024 * 1024
    memory_alarms: int = 1_000
    """Alarms held in memory while the disk refuses them."""
    held_readings: int = 50_000
    """Readings held in memory while the disk refuses them; the oldest go first, counted."""
    reserve_bytes: int = 2 * 1024 * 1024
    """A file that is given up when an alarm finds the disk full."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of an open outbox, for health and for people."""

    alarms: int
    telemetry: int
    memory_alarms: int
    """Of `alarms`: those that the disk refused."""
    dropped: int
    """Telemetry given up since the agent started."""
    transactions: int
    """Since the agent started."""
    written_bytes: int
    """Since the agent started, to the log and from there to the file, in whole pages: what wears the card."""
