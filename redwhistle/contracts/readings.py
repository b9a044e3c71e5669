"""Readings: periodic values, in columns, so that hundreds cost little more than one."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from redwhistle.contracts.events import EpochMs, MonoMs
from redwhistle.contracts.ids import BootId, DeviceId, Seq, SeqRange, Text
from redwhistle.contracts.wire import MAX_ITEMS, Wire


class Metric(StrEnum):
    """What is measured; the name ends in the unit where there is one."""

    TEMPERATURE_C = "temperature_c"
    HUMIDITY_PCT = "humidity_pct"
    SMOKE_LEVEL = "smoke_level"
    CO_PPM = "co_ppm"
    GAS_LEL_PCT = "gas_lel_pct"
    PEOPLE_COUNT = "people_count"
    MOVING_REGIONS = "moving_regions"
    """Separate moving areas in a camera's view; not people."""
    DWELL_MAX_S = "dwell_max_s"
    """The longest stay of one person in a zone of a camera's view, since the last report."""
    GATE_OPEN = "gate_open"
    """1 open, 0 closed."""
    PASSED_IN = "passed_in"
    """People who went in through a gate with this passage: summed over a time they are the count."""
    PASSED_OUT = "passed_out"
    """People who went out."""
    ACTUATOR_ON = "actuator_on"
    """1 a siren sounds, a relay is closed, a gate is released, a loudspeaker speaks; 0 not."""
    WATER_LEVEL_M = "water_level_m"
    ACCELERATION_G = "acceleration_g"
    TILT_DEG = "tilt_deg"
    BATTERY_PCT = "battery_pct"
    LINK_QUALITY = "link_quality"
    """0–255, as Zigbee radios give it."""
    SIGNAL_DBM = "signal_dbm"
    FRAMES_PER_S = "frames_per_s"
    FRAME_AGE_S = "frame_age_s"
    CPU_TEMPERATURE_C = "cpu_temperature_c"
    CPU_LOAD_PCT = "cpu_load_pct"
    CPU_THROTTLED = "cpu_throttled"
    """1 while the processor is slowed down by heat or by too little voltage."""
    MEMORY_USED_PCT = "memory_used_pct"
    DISK_FREE_PCT = "disk_free_pct"
    OUTBOX_ROWS = "outbox_rows"


MetricName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""A name of `Metric`, or one that a newer box knows: the server keeps it all the same."""

BOX_DEVICE = "box"
"""The device id under which a box reports on itself."""


class Reading(Wire):
    """One reading as the box's sources make it; on the wire it is a row of `ReadingColumns`."""

    device: DeviceId
    metric: MetricName
    value: float
    at_ms: EpochMs
    mono_ms: MonoMs


class ReadingColumns(Wire):
    """Rows of one boot and one clock state, as equally long columns; row i is the i-th value of each.

    `series` lists the (device, metric) pairs, `row_series` gives each row's index in it. `seq` rises strictly.
    """

    boot: BootId
    synced: bool
    series: list[tuple[DeviceId, MetricName]] = Field(max_length=MAX_ITEMS)
    seq: list[Seq] = Field(max_length=MAX_ITEMS)
    row_series: list[Annotated[int, Field(ge=0, lt=MAX_ITEMS)]] = Field(max_length=MAX_ITEMS)
    value: list[float] = Field(max_length=MAX_ITEMS)
    at_ms: list[EpochMs] = Field(max_length=MAX_ITEMS)
    mono_ms: list[MonoMs] = Field(max_length=MAX_ITEMS)

    @model_validator(mode="after")
    def _columns_fit(self) -> Self:
        n = len(self.seq)
        if any(len(c) != n for c in (self.row_series, self.value, self.at_ms, self.mono_ms)):
            raise ValueError("the columns are not equally long")
        if n and max(self.row_series) >= len(self.series):
            raise ValueError("a row names a series that is not listed")
        if any(b <= a for a, b in zip(self.seq, self.seq[1:], strict=False)):
            raise ValueError("sequence numbers must rise")
        return self

    def __len__(self) -> int:
        return len(self.seq)


class GapRecord(Wire):
    """Telemetry that a full outbox dropped: declared, so that the server counts it and does not wait for it."""

    seq: Seq
    dropped: SeqRange
    count: Annotated[int, Field(ge=1)]
    at_ms: EpochMs
    reason: Text
