"""The box's readings about itself, as a source."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from edge.agent.moments import BoxClock
from edge.agent.observation import ReadingSeen
from edge.agent.ports import Sink
from redwhistle.contracts.readings import BOX_DEVICE, Metric

THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")
MEMORY = Path("/proc/meminfo")


class BoxHealth:
    """Each `every_s`: processor temperature where it can be read, disk, memory, and rows in the outbox."""

    name = BOX_DEVICE

    def __init__(self, clock: BoxClock, disk: Path, outbox_rows: Callable[[], int], every_s: float) -> None:
        self._clock = clock
        self._disk = disk
        self._outbox_rows = outbox_rows
        self._every_s = every_s

    def run(self, sink: Sink, stop: threading.Event) -> None:
        while True:
            moment = self._clock.moment()
            for metric, value in self.measure().items():
                sink.reading(ReadingSeen(BOX_DEVICE, metric.value, value, moment))
            if stop.wait(self._every_s):
                return

    def measure(self) -> dict[Metric, float]:
        """What can be read now; what cannot is left out."""
        found = {
            Metric.CPU_TEMPERATURE_C: read_cpu_temperature_c(THERMAL),
            Metric.MEMORY_USED_PCT: read_memory_used_pct(MEMORY),
            Metric.DISK_FREE_PCT: read_disk_free_pct(self._disk),
            Metric.OUTBOX_ROWS: float(self._outbox_rows()),
        }
        return {metric: value for metric, value in found.items() if value is not None}


def read_cpu_temperature_c(path: Path) -> float | None:
    """From the kernel's thermal zone (millidegrees)."""
    try:
        return int(path.read_text(encoding="ascii")) / 1000
    except (OSError, ValueError):
        return None


def read_memory_used_pct(path: Path) -> float | None:
    """From /proc/meminfo: what is not available."""
    try:
        lines = dict(
            line.split(":", 1) for line in path.read_text(encoding="ascii").splitlines() if ":" in line
        )
        total, available = (int(lines[key].split()[0]) for key in ("MemTotal", "MemAvailable"))
        return round(100 * (1 - available / total), 1)
    except (OSError, ValueError, KeyError, IndexError, ZeroDivisionError):
        return None


def read_disk_free_pct(path: Path) -> float | None:
    """Of the file system that holds `path`."""
    try:
        usage = shutil.disk_usage(path)
    except OSError:
        return None
    return round(100 * usage.free / usage.total, 1) if usage.total else None
