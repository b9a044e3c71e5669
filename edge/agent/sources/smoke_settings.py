"""The configuration section of the smoke detectors behind one Zigbee2MQTT."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.agent.policy.detector import DetectorRules
from edge.agent.policy.inputs import InputRules
from edge.agent.policy.liveness import LivenessRules
from edge.agent.policy.rules import Rules, Seconds
from edge.agent.sources.local_settings import LocalBrokerSettings, TopicPart
from redwhistle.contracts.ids import DeviceId, PlaceId, Text
from redwhistle.contracts.state import DeviceInfo, DeviceKind

DEFAULT_HEARTBEAT_S = 86400.0


class SmokeDeviceSettings(Rules):
    """One detector: its friendly name in Zigbee2MQTT and what it is called here."""

    friendly_name: TopicPart
    device: DeviceId
    place: PlaceId | None = None
    label: Text | None = None
    model: Text | None = None
    """As Zigbee2MQTT names it; finds the heartbeat in `heartbeat_s_by_model`."""
    heartbeat_s: Seconds | None = None
    """The longest silence that this detector allows; it wins over its model's."""


class SmokeSettings(Rules):
    """The smoke detectors of one Zigbee2MQTT."""

    type: Literal["smoke"]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")] = "smoke"
    """Of the source, in logs and fault reports."""
    broker: LocalBrokerSettings = LocalBrokerSettings()
    base_topic: TopicPart = "zigbee2mqtt"
    bridge_device: DeviceId = "zigbee-bridge"
    """Under this id the coordinator's own faults are reported."""
    devices: tuple[SmokeDeviceSettings, ...] = Field(default=(), max_length=500)
    heartbeat_s: Seconds = DEFAULT_HEARTBEAT_S
    """For detectors whose model is in no table: silence of 2.3 times this makes them lost."""
    heartbeat_s_by_model: dict[str, Seconds] = Field(default_factory=dict)
    rules: DetectorRules = DetectorRules()
    inputs: InputRules = InputRules()
    bridge_offline_s: Seconds = 60.0
    """A coordinator that said `offline` and stays silent for this long is a fault."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        for what in ("friendly_name", "device"):
            values = [getattr(each, what) for each in self.devices]
            if twice := sorted({v for v in values if values.count(v) > 1}):
                raise ValueError(f"{what} {twice[0]!r} is given twice")
        return self

    def heartbeat_of(self, device: SmokeDeviceSettings) -> float:
        """Seconds: the device's own, its model's, or the default."""
        if device.heartbeat_s is not None:
            return device.heartbeat_s
        return self.heartbeat_s_by_model.get(device.model or "", self.heartbeat_s)

    def rules_of(self, device: SmokeDeviceSettings) -> DetectorRules:
        """The rules with this device's heartbeat in them."""
        liveness = LivenessRules(heartbeat_s=self.heartbeat_of(device), missed=self.rules.liveness.missed)
        return self.rules.model_copy(update={"liveness": liveness})

    def device_infos(self) -> list[DeviceInfo]:
        """What the box reports in its state."""
        bridge = DeviceInfo(id=self.bridge_device, kind=DeviceKind.OTHER, label="Zigbee2MQTT")
        detectors = [
            DeviceInfo(
                id=each.device,
                kind=DeviceKind.SMOKE,
                model=each.model,
                label=each.label,
                place=each.place,
                heartbeat_s=self.heartbeat_of(each),
            )
            for each in self.devices
        ]
        return [bridge, *detectors]
