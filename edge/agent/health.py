"""The box's readings about itself, as a source."""

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from edge.agent.moments import BoxClock
from edge.agent.observation import ReadingSeen
from edge.agent.ports import Sink
from redwhistle.contracts.readings import BOX_DEVICE, Metric

THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")
THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
"""A Raspberry Pi's own word; other machines have none."""
LOAD = Path("/proc/loadavg")
MEMORY = Path("/proc/meminfo")


class BoxHealth:
    """Each `every_s`: processor temperature, throttling and load where they can be read, disk, memory, the outbox."""

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
            Metric.CPU_LOAD_PCT: read_cpu_load_pct(LOAD, os.cpu_count() or 1),
            Metric.CPU_THROTTLED: read_is_throttled(THROTTLED),
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


def read_cpu_load_pct(path: Path, cpus: int) -> float | None:
    """The load of the last minute, in per cent of all processors."""
    try:
        return round(100 * float(path.read_text(encoding="ascii").split()[0]) / cpus, 1)
    except (OSError, ValueError, IndexError):
        return None


def read_throttled_bits(path: Path) -> int | None:
    """The firmware's bits: 0 under-voltage, 1 capped, 2 throttled, 3 too warm; from 16 on: since it was started."""
    try:
        return int(path.read_text(encoding="ascii"), 16)
    except (OSError, ValueError):
        return None


def read_is_throttled(path: Path) -> float | None:
    """1 while the processor runs slower than it could, or has too little voltage."""
    bits = read_throttled_bits(path)
    return None if bits is None else float(bool(bits & 0xF))


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
