"""What a box writes to its card in a day: estimated from the configuration, and measured since the machine started."""

import os
from collections.abc import Iterator
from pathlib import Path

from edge.agent.sources.camera_settings import CameraSettings
from edge.agent.sources.esphome_settings import EsphomeSettings
from edge.agent.sources.modbus_settings import ModbusSettings
from edge.agent.sources.zigbee_settings import ZigbeeSettings
from edge.settings import BoxSettings

BUDGET_MB_DAY = 2_000.0
"""A small industrial card of 8 GB with 3,000 cycles lasts over ten years at this rate, a plain one some years."""
READING_BYTES = 130.0
"""What one more reading in a round writes: in the log, at its checkpoint, and again when it is deleted."""
ROUND_BYTES = 13_000.0
"""What a round writes at least: a commit of readings and, once the server has them, the commit that deletes them.
Both measured by tests/unit/edge_agent/test_writing.py, which fails when they are no longer true. What the file
system's own journal adds is not in it."""
_DAY_S = 86_400
_SECTOR = 512
_METRICS_OF_BOX = 6
_METRICS_OF_CAMERA = 2
_CAMERA_EVERY_S = 10.0
_CHATTER_S = 600.0
"""A radio detector speaks about this often, of three values."""


def budget_lines(settings: BoxSettings, up_s: float) -> Iterator[tuple[bool, str]]:
    """Lines for people, each with whether it is beyond the budget."""
    estimate_mb = estimate_mb_day(settings)
    readings = readings_per_day(settings)
    text = f"about {estimate_mb:.0f} MB a day from this configuration ({readings:,.0f} readings)"
    yield estimate_mb > BUDGET_MB_DAY, f"{text}; budget {BUDGET_MB_DAY:,.0f} MB"
    measured = measure_mb_day(settings.data_dir, up_s)
    if measured is not None:
        name, mb = measured
        yield (
            mb > BUDGET_MB_DAY,
            f"{mb:,.0f} MB a day measured on {name} since the start, by everything on it",
        )


def readings_per_day(settings: BoxSettings) -> float:
    """What the configured devices say, as far as a configuration tells."""
    a_day = _METRICS_OF_BOX * _DAY_S / settings.health_every_s
    for source in settings.sources:
        match source:
            case CameraSettings():
                a_day += _METRICS_OF_CAMERA * _DAY_S / _CAMERA_EVERY_S
            case ModbusSettings():
                registers = [one for _, each in source.map.devices() for one in each.registers]
                a_day += sum(_DAY_S / max(one.every_s, 1.0) for one in registers)
            case ZigbeeSettings() | EsphomeSettings():
                a_day += len(source.devices) * 3 * _DAY_S / _CHATTER_S
            case _:
                pass
    return a_day


def estimate_mb_day(settings: BoxSettings) -> float:
    """Readings are committed once a second at most, those of one second together."""
    a_day = readings_per_day(settings)
    return (a_day * READING_BYTES + min(a_day, _DAY_S) * ROUND_BYTES) / 1e6


def measure_mb_day(folder: Path, up_s: float, sys: Path = Path("/sys")) -> tuple[str, float] | None:
    """The disk under `folder` and what was written to it, in MB a day; None where the machine does not tell."""
    try:
        device = folder.stat().st_dev
        told = (sys / f"dev/block/{os.major(device)}:{os.minor(device)}" / "stat").read_text(encoding="ascii")
        sectors = int(told.split()[6])
        name = (sys / f"dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
    except (OSError, ValueError, IndexError):
        return None
    return (name, sectors * _SECTOR / 1e6 / up_s * _DAY_S) if up_s > 0 else None
