"""A box's retained birth message and its last will."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from redwhistle.contracts.envelope import Stamp
from redwhistle.contracts.ids import BoxId, DeviceId, Epoch, PlaceId, SiteId, Text
from redwhistle.contracts.wire import Wire


class DeviceKind(StrEnum):
    """What a device is."""

    CAMERA = "camera"
    SMOKE = "smoke"
    HEAT = "heat"
    GAS = "gas"
    FIRE_PANEL = "fire_panel"
    GATE = "gate"
    SOS = "sos"
    WATER_LEVEL = "water_level"
    VIBRATION = "vibration"
    LOUDSPEAKER = "loudspeaker"
    SIREN = "siren"
    RELAY = "relay"
    BOX = "box"
    OTHER = "other"


class DeviceInfo(Wire):
    """A device as the box's configuration describes it. `heartbeat_s` is the longest silence its model allows."""

    id: DeviceId
    kind: DeviceKind
    model: Text | None = None
    label: Text | None = None
    place: PlaceId | None = None
    heartbeat_s: Annotated[float, Field(gt=0, le=30 * 86400)] | None = None


class ModelInfo(Wire):
    """A detection model in use, as its manifest names it."""

    name: Text
    version: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class BoxState(Wire):
    """Published retained on connecting; the last will is the same message with `online` false."""

    v: Literal[1] = 1
    site: SiteId
    box: BoxId
    online: bool
    epoch: Epoch
    stamp: Stamp
    version: Text
    """Of the box's software."""
    os: Text | None = None
    reason: Text | None = None
    """Why it is not online: `will` (the connection was lost) or `stopped`."""
    devices: list[DeviceInfo] = Field(default_factory=list, max_length=1000)
    models: list[ModelInfo] = Field(default_factory=list, max_length=32)
