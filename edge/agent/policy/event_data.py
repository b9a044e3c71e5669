"""The data of a detector's event: of what was measured beside it, that which its kind can carry. Pure."""

from collections.abc import Mapping
from typing import Literal

from redwhistle.contracts.events import (
    EventData,
    EventKind,
    GasData,
    HeatData,
    SmokeData,
    SosData,
    VibrationData,
    WaterLevelData,
)
from redwhistle.contracts.readings import Metric

Gas = Literal["methane", "lpg", "co", "other"]
Action = Literal["single", "double", "hold", "pull", "other"]


def build_data(
    kind: EventKind,
    measured: Mapping[Metric, float],
    *,
    active: bool,
    note: str | None = None,
    gas: Gas = "other",
    limit: float | None = None,
) -> EventData:
    """`measured` must lie within what the contract allows (`READING_LIMITS` sees to that); `limit` is the mark crossed."""
    match kind:
        case EventKind.SMOKE:
            return SmokeData(
                active=active,
                note=note,
                level=measured.get(Metric.SMOKE_LEVEL),
                temperature_c=measured.get(Metric.TEMPERATURE_C),
            )
        case EventKind.HEAT:
            return HeatData(active=active, note=note, temperature_c=measured.get(Metric.TEMPERATURE_C))
        case EventKind.GAS:
            is_co = gas == "co"
            return GasData(
                active=active,
                note=note,
                gas=gas,
                lel_pct=None if is_co else measured.get(Metric.GAS_LEL_PCT),
                ppm=measured.get(Metric.CO_PPM) if is_co else None,
            )
        case EventKind.WATER_LEVEL:
            return WaterLevelData(
                active=active, note=note, level_m=measured.get(Metric.WATER_LEVEL_M), limit_m=limit
            )
        case EventKind.VIBRATION:
            return VibrationData(
                active=active,
                note=note,
                acceleration_g=measured.get(Metric.ACCELERATION_G),
                tilt_deg=measured.get(Metric.TILT_DEG),
            )
        case EventKind.SOS:
            return SosData(active=active, note=note)
        case _:
            return EventData(active=active, note=note)
