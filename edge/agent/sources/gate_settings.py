"""The configuration sections of the access gates that speak JSON, over the local broker or by HTTP."""

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, IPvAnyAddress, model_validator

from edge.agent.filepaths import ConfigPath
from edge.agent.local_broker import LocalBrokerSettings, TopicPart
from edge.agent.policy.gate import GateRules
from edge.agent.policy.inputs import InputRules
from edge.agent.policy.liveness import LivenessRules
from edge.agent.policy.rules import Rules, Seconds
from redwhistle.contracts.ids import DeviceId, PlaceId, Text
from redwhistle.contracts.state import DeviceInfo, DeviceKind


class GateDeviceSettings(Rules):
    """One gate: its name in the topic and what it is called here."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^+#/\x00-\x1f]+$")]
    device: DeviceId
    place: PlaceId | None = None
    label: Text | None = None
    model: Text | None = None
    heartbeat_s: Seconds | None = None
    """The longest silence that its controller allows; without one it may be silent for ever."""


class JsonGatesSettings(Rules):
    """Gates that speak JSON, whatever carries it: `<prefix>/gate/<name>` is a topic or a path."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")] = "gate"
    """Of the source, in logs and fault reports."""
    prefix: TopicPart = "access"
    controller_device: DeviceId = "gate-controller"
    """Under this id faults of the connection itself are reported."""
    devices: tuple[GateDeviceSettings, ...] = Field(default=(), max_length=200)
    key_file: Path | None = None
    """The key of the card hashes; by default `gate.key` in the box's data folder. It never leaves the box."""
    rules: GateRules = GateRules()
    inputs: InputRules = InputRules()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        for what in ("name", "device"):
            values = [getattr(each, what) for each in self.devices]
            if twice := sorted({v for v in values if values.count(v) > 1}):
                raise ValueError(f"{what} {twice[0]!r} is given twice")
        return self

    def rules_of(self, device: GateDeviceSettings) -> GateRules:
        """The rules with this gate's heartbeat in them."""
        liveness = LivenessRules(heartbeat_s=device.heartbeat_s, missed=self.rules.liveness.missed)
        return self.rules.model_copy(update={"liveness": liveness})

    def device_infos(self) -> list[DeviceInfo]:
        """What the box reports in its state."""
        controller = DeviceInfo(id=self.controller_device, kind=DeviceKind.OTHER, label="门禁控制器")
        gates = [
            DeviceInfo(
                id=each.device,
                kind=DeviceKind.GATE,
                model=each.model,
                label=each.label,
                place=each.place,
                heartbeat_s=each.heartbeat_s or None,
            )
            for each in self.devices
        ]
        return [controller, *gates]


class GateSettings(JsonGatesSettings):
    """The gates at the local broker."""

    type: Literal["gate"]
    broker: LocalBrokerSettings = LocalBrokerSettings()


class GateHttpSettings(JsonGatesSettings):
    """The gates whose controllers post to the box."""

    type: Literal["gate_http"]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")] = "gate-http"
    controller_device: DeviceId = "gate-http"
    listen: IPvAnyAddress = Field(default_factory=lambda: IPv4Address("127.0.0.1"))
    """This box's address on the controllers' network; nothing listens widely by accident."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8460
    auth: Literal["hmac", "token"] = "hmac"
    """`token`: for controllers that cannot sign; whoever hears it once can use it."""
    secret_file: ConfigPath
    """Its first line is the secret, of 16 characters or more."""
    skew_s: Annotated[float, Field(ge=10, le=3600)] = 300.0
    """A signed message older or newer than this is refused, while the box's own clock is set."""
