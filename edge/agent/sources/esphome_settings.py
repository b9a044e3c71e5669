"""The configuration section of the detectors on ESPHome nodes that speak MQTT."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.agent.local_broker import LocalBrokerSettings, TopicPart
from edge.agent.policy.detector import DetectorRules
from edge.agent.policy.inputs import InputRules
from edge.agent.policy.rules import Rules, Seconds
from edge.agent.sources.detector_settings import DetectorKind, DetectorSettings, refuse_twice
from edge.agent.sources.fields import KNOWN_FIELDS
from redwhistle.contracts.ids import DeviceId
from redwhistle.contracts.state import DeviceInfo, DeviceKind

NodeName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^+#/\x00-\x1f]+$")]
ObjectId = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^+#/\x00-\x1f]+$")]


class EsphomeDeviceSettings(DetectorSettings):
    """One detector: the node it hangs on and which of the node's entities are its own."""

    node: NodeName
    """The node's `topic_prefix`, without the root."""
    kind: DetectorKind
    entities: dict[ObjectId, str] = Field(default_factory=dict, max_length=64)
    """The node's object ids and what they are: `{pit_level: water_level_m}`. Those with usual names need not be
    written; of several devices on a node, the first takes those that no other claims."""

    @model_validator(mode="after")
    def _fields_are_known(self) -> Self:
        if unknown := sorted(set(self.entities.values()) - KNOWN_FIELDS):
            known = ", ".join(sorted(KNOWN_FIELDS))
            raise ValueError(f"entities: {unknown[0]!r} is no field that the box knows: {known}")
        return self


class EsphomeSettings(Rules):
    """The detectors of the ESPHome nodes at one broker."""

    type: Literal["esphome"]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")] = "esphome"
    """Of the source, in logs and fault reports; the broker keeps a session under it."""
    broker: LocalBrokerSettings = LocalBrokerSettings()
    root: TopicPart | None = None
    """What stands before the nodes' names in their topic_prefix: `esphome` for `esphome/pump-room`."""
    source_device: DeviceId = "esphome"
    """Under this id faults of the connection itself are reported."""
    devices: tuple[EsphomeDeviceSettings, ...] = Field(default=(), max_length=500)
    heartbeat_s: Seconds = 120.0
    """Silence of a whole node for 2.3 times this makes its devices lost; give each node an uptime sensor of a minute."""
    rules: DetectorRules = DetectorRules()
    inputs: InputRules = InputRules()
    node_offline_s: Seconds = 60.0
    """A node whose last will came, and which stays silent for this long, is lost."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        refuse_twice("device", [each.device for each in self.devices])
        claims = [f"{each.node}/{entity}" for each in self.devices for entity in each.entities]
        refuse_twice("entity", claims)
        return self

    def heartbeat_of(self, device: EsphomeDeviceSettings) -> float:
        """Seconds."""
        return self.heartbeat_s if device.heartbeat_s is None else device.heartbeat_s

    def rules_of(self, device: EsphomeDeviceSettings) -> DetectorRules:
        """The rules with what is this device's own in them."""
        return device.rules_with(self.rules, self.heartbeat_of(device))

    def device_infos(self) -> list[DeviceInfo]:
        """What the box reports in its state."""
        source = DeviceInfo(id=self.source_device, kind=DeviceKind.OTHER, label="ESPHome")
        return [source, *(each.info(each.kind, self.heartbeat_of(each)) for each in self.devices)]
