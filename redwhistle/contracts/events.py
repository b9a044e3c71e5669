"""Events: something happened at a device. One kind, one shape of `data`."""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, field_validator

from redwhistle.contracts.ids import BootId, DeviceId, Lane, PlaceId, Seq, Text
from redwhistle.contracts.wire import MS_MAX, MS_MIN, Wire

EpochMs = Annotated[int, Field(ge=MS_MIN, le=MS_MAX)]
"""Wall time in milliseconds since the Unix epoch."""
MonoMs = Annotated[int, Field(ge=0, le=2**53)]
"""Milliseconds since the machine's boot."""
Score = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[float, Field(ge=0, le=100)]
BoxXyxy = tuple[float, float, float, float]
"""x1, y1, x2, y2 relative to the frame, 0..1, origin at the top left."""


class EventKind(StrEnum):
    """What happened. The value is the wire name."""

    SMOKE = "smoke"
    """A smoke detector alarms."""
    HEAT = "heat"
    """A heat detector alarms."""
    GAS = "gas"
    """A gas detector alarms."""
    MANUAL_CALL = "manual_call"
    """A person broke the glass of a manual fire call point."""
    FLAME_SEEN = "flame_seen"
    """A camera sees fire."""
    SMOKE_SEEN = "smoke_seen"
    """A camera sees smoke."""
    CROWD_FORMED = "crowd_formed"
    """More people than allowed stay in a zone."""
    LOITERING = "loitering"
    """Somebody stays in a zone longer than is usual there."""
    GATE_OPENED = "gate_opened"
    """A gate was opened in the regular way."""
    GATE_DENIED = "gate_denied"
    """A gate refused a credential."""
    GATE_FORCED = "gate_forced"
    """A gate opened without being released."""
    GATE_HELD_OPEN = "gate_held_open"
    """A gate stays open too long."""
    SOS = "sos"
    """A person pressed a call button."""
    WATER_LEVEL = "water_level"
    """Water stands above a limit."""
    VIBRATION = "vibration"
    """The ground or a structure shakes or tilts beyond a limit."""
    TAMPER = "tamper"
    """A device was opened, covered or moved."""
    BATTERY_LOW = "battery_low"
    """A device says that its battery ends soon."""
    DEVICE_LOST = "device_lost"
    """The box no longer hears a device."""
    DEVICE_RECOVERED = "device_recovered"
    """The box hears a lost device again."""
    DEVICE_FAULT = "device_fault"
    """A device reports a fault of its own, or its source failed."""
    BOX_HEALTH = "box_health"
    """The box reports on itself: started, stopping, storage low, time stepped."""


class EventData(Wire):
    """What every kind may say: `active` false ends the condition that an earlier event began."""

    active: bool = True
    note: Text | None = None


class SmokeData(EventData):
    """`level` is the detector's own measure where it has one; its unit is the detector's."""

    level: float | None = None
    temperature_c: float | None = None


class HeatData(EventData):
    temperature_c: float | None = None


class GasData(EventData):
    gas: Literal["methane", "lpg", "co", "other"] = "other"
    lel_pct: float | None = Field(default=None, ge=0)
    ppm: float | None = Field(default=None, ge=0)


class SeenData(EventData):
    """A camera's judgement over time, never one frame's."""

    score: Score
    boxes_xyxy: list[BoxXyxy] = Field(default_factory=list, max_length=32)
    model: Text | None = None
    """Name and version of the model that saw it; absent when no model did."""
    frames: Annotated[int, Field(ge=1)] = 1
    """Frames that confirmed it."""


class CrowdData(EventData):
    """`basis` says what was counted: people by a model, or moving regions where there is no model."""

    count: Annotated[int, Field(ge=0)]
    limit: Annotated[int, Field(ge=0)]
    zone: Text
    dwell_s: Annotated[float, Field(ge=0)] = 0.0
    basis: Literal["people", "moving_regions"] = "people"


class LoiteringData(EventData):
    """One person's stay in a zone; `count` is how many are in the zone now. `basis` as in CrowdData.

    `track` is a number that a camera gives to what it follows from frame to frame, so that an end finds its beginning.
    It begins anew with each start of the box, and says nothing of who somebody is.
    """

    zone: Text
    dwell_s: Annotated[float, Field(ge=0)]
    count: Annotated[int, Field(ge=0)] = 1
    track: Annotated[int, Field(ge=1)] | None = None
    basis: Literal["people", "moving_regions"] = "people"


class GateData(EventData):
    """`credential` is a keyed hash made at the reader's first line of code, never a card number."""

    direction: Literal["in", "out", "unknown"] = "unknown"
    credential: Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")] | None = None
    reason: Text | None = None
    open_s: float | None = Field(default=None, ge=0)


class SosData(EventData):
    action: Literal["single", "double", "hold", "pull", "other"] = "single"


class WaterLevelData(EventData):
    level_m: float | None = None
    limit_m: float | None = None


class VibrationData(EventData):
    acceleration_g: float | None = Field(default=None, ge=0)
    tilt_deg: float | None = None


class BatteryData(EventData):
    battery_pct: Percent | None = None


class DeviceData(EventData):
    """`code` is stable for programs (`camera_stalled`, `source_failed`), `note` is for people."""

    code: Text | None = None
    silent_s: float | None = Field(default=None, ge=0)


class BoxHealthData(EventData):
    code: Literal["started", "stopping", "storage_low", "clock_stepped", "configured", "other"] = "other"


DATA_OF: dict[EventKind, type[EventData]] = {
    EventKind.SMOKE: SmokeData,
    EventKind.HEAT: HeatData,
    EventKind.GAS: GasData,
    EventKind.MANUAL_CALL: EventData,
    EventKind.FLAME_SEEN: SeenData,
    EventKind.SMOKE_SEEN: SeenData,
    EventKind.CROWD_FORMED: CrowdData,
    EventKind.LOITERING: LoiteringData,
    EventKind.GATE_OPENED: GateData,
    EventKind.GATE_DENIED: GateData,
    EventKind.GATE_FORCED: GateData,
    EventKind.GATE_HELD_OPEN: GateData,
    EventKind.SOS: SosData,
    EventKind.WATER_LEVEL: WaterLevelData,
    EventKind.VIBRATION: VibrationData,
    EventKind.TAMPER: DeviceData,
    EventKind.BATTERY_LOW: BatteryData,
    EventKind.DEVICE_LOST: DeviceData,
    EventKind.DEVICE_RECOVERED: DeviceData,
    EventKind.DEVICE_FAULT: DeviceData,
    EventKind.BOX_HEALTH: BoxHealthData,
}
"""The shape of `data` for each kind."""

TELEMETRY_KINDS = frozenset(
    {
        EventKind.GATE_OPENED,
        EventKind.GATE_DENIED,
        EventKind.DEVICE_RECOVERED,
        EventKind.BOX_HEALTH,
    }
)
"""Kinds that travel in the telemetry lane: they raise nothing by themselves. All others are alarms."""


def lane_of(kind: EventKind) -> Lane:
    """The lane in which a box sends events of `kind`."""
    return Lane.TELEMETRY if kind in TELEMETRY_KINDS else Lane.ALARM


class Event(Wire):
    """One event, identified by its envelope's (box, epoch, lane), its `seq`, and a UUIDv7 of its own.

    `kind` is text, so that a newer box's kind is kept (and, in the alarm lane, alarmed) by an older server;
    `check_data` gives the typed data of a known kind. `synced` and `boot` tell how far `at_ms` can be trusted.
    `test` is a device's own test mark: such an event is stored and shown in a walk test, and raises nothing real.
    """

    seq: Seq
    id: UUID
    device: DeviceId
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    at_ms: EpochMs
    mono_ms: MonoMs
    boot: BootId
    synced: bool
    test: bool = False
    place: PlaceId | None = None
    """Where it happened when that is finer than the device's own place (a zone of a fire panel)."""
    data: dict[str, Any] = Field(default_factory=dict)

    @field_validator("id")
    @classmethod
    def _is_uuid7(cls, value: UUID) -> UUID:
        if value.version != 7:
            raise ValueError("an item's id is a UUIDv7 (RFC 9562)")
        return value

    def check_data(self) -> EventData | None:
        """The typed data, or None for a kind this version does not know; raise ValueError for a wrong shape."""
        try:
            model = DATA_OF[EventKind(self.kind)]
        except ValueError:
            return None
        return model.model_validate(self.data, extra="ignore", strict=False)

    @property
    def active(self) -> bool:
        """False when the event ends a condition; anything but a plain false counts as active."""
        return self.data.get("active", True) is not False
