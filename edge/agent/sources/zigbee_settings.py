"""The configuration section of the detectors behind one Zigbee2MQTT."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from edge.agent.local_broker import LocalBrokerSettings, TopicPart
from edge.agent.policy.detector import DetectorRules
from edge.agent.policy.inputs import InputRules
from edge.agent.policy.rules import Rules, Seconds
from edge.agent.sources.detector_settings import DetectorKind, DetectorSettings, refuse_twice
from edge.agent.sources.fields import KNOWN_FIELDS
from redwhistle.contracts.ids import DeviceId
from redwhistle.contracts.state import DeviceInfo, DeviceKind

DEFAULT_HEARTBEAT_S = 86400.0


class ZigbeeDeviceSettings(DetectorSettings):
    """One detector: its friendly name in Zigbee2MQTT and what it is called here."""

    friendly_name: TopicPart
    kind: DetectorKind = DeviceKind.SMOKE
    """Must be given, except in a section of the type `smoke`."""
    fields: dict[str, Annotated[str, Field(max_length=40)]] = Field(default_factory=dict, max_length=32)
    """Names of this model's fields that are not the usual ones: `{gas_value: gas_lel_pct}`."""

    @model_validator(mode="after")
    def _fields_are_known(self) -> Self:
        if unknown := sorted(set(self.fields.values()) - KNOWN_FIELDS):
            raise ValueError(f"fields: {unknown[0]!r} is no field that the box knows: {_known()}")
        return self


class ZigbeeSettings(Rules):
    """The detectors of one Zigbee2MQTT: smoke, heat, gas, call buttons, water, vibration."""

    type: Literal["zigbee2mqtt", "smoke"]
    """`smoke` is the name from when a box knew smoke detectors only; every device of such a section is one."""
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")] = "zigbee"
    """Of the source, in logs and fault reports; the broker keeps a session under it."""
    broker: LocalBrokerSettings = LocalBrokerSettings()
    base_topic: TopicPart = "zigbee2mqtt"
    bridge_device: DeviceId = "zigbee-bridge"
    """Under this id the coordinator's own faults are reported."""
    devices: tuple[ZigbeeDeviceSettings, ...] = Field(default=(), max_length=500)
    heartbeat_s: Seconds = DEFAULT_HEARTBEAT_S
    """For detectors whose model is in no table: silence of 2.3 times this makes them lost."""
    heartbeat_s_by_model: dict[str, Seconds] = Field(default_factory=dict)
    """By the model's name as Zigbee2MQTT gives it."""
    rules: DetectorRules = DetectorRules()
    inputs: InputRules = InputRules()
    bridge_offline_s: Seconds = 60.0
    """A coordinator that said `offline` and stays silent for this long is a fault."""

    @model_validator(mode="before")
    @classmethod
    def _name_of_a_smoke_section(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("type") == "smoke" and "name" not in data:
            return {**data, "name": "smoke"}
        return data

    @model_validator(mode="after")
    def _devices_are_clear(self) -> Self:
        refuse_twice("friendly_name", [each.friendly_name for each in self.devices])
        refuse_twice("device", [each.device for each in self.devices])
        for each in self.devices:
            if self.type == "smoke" and each.kind is not DeviceKind.SMOKE:
                raise ValueError(
                    f"{each.device}: a section of type smoke has smoke detectors only; use zigbee2mqtt"
                )
            if self.type == "zigbee2mqtt" and "kind" not in each.model_fields_set:
                raise ValueError(
                    f"{each.device}: kind is missing: smoke, heat, gas, sos, water_level, vibration or other"
                )
        return self

    def heartbeat_of(self, device: ZigbeeDeviceSettings) -> float:
        """Seconds: the device's own, its model's, or the default."""
        if device.heartbeat_s is not None:
            return device.heartbeat_s
        return self.heartbeat_s_by_model.get(device.model or "", self.heartbeat_s)

    def rules_of(self, device: ZigbeeDeviceSettings) -> DetectorRules:
        """The rules with what is this device's own in them."""
        return device.rules_with(self.rules, self.heartbeat_of(device))

    def device_infos(self) -> list[DeviceInfo]:
        """What the box reports in its state."""
        bridge = DeviceInfo(id=self.bridge_device, kind=DeviceKind.OTHER, label="Zigbee2MQTT")
        return [bridge, *(each.info(each.kind, self.heartbeat_of(each)) for each in self.devices)]


def _known() -> str:
    return ", ".join(sorted(KNOWN_FIELDS))
