"""The configuration section of the fire transmission devices (GB/T 26875.3) that report to this box."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, IPvAnyAddress, model_validator

from edge.agent.gbt26875.frame import MAX_ADDRESS
from edge.agent.policy.fire_panel import PanelRules, TestBit
from edge.agent.policy.inputs import InputRules
from edge.agent.policy.liveness import LivenessRules
from edge.agent.policy.panel_calls import CallRules, DutyRules
from edge.agent.policy.rules import Rules, Seconds
from edge.agent.policy.transmitter import TransmitterRules
from redwhistle.contracts.ids import DeviceId, PlaceId, Text
from redwhistle.contracts.state import DeviceInfo, DeviceKind

MAX_COMPONENTS = 800
"""In one section: a box announces at most 1,000 devices. Zones place the others."""


def _read_address(value: object) -> object:
    """`10-2` (zone-number) or the whole 32-bit number."""
    if not isinstance(value, str):
        return value
    zone, dash, number = value.partition("-")
    if not dash or not zone.isascii() or not number.isascii() or not (zone.isdigit() and number.isdigit()):
        raise ValueError('write zone and number as "10-2", or the whole 32-bit number')
    if len(zone) > 5 or len(number) > 5 or int(zone) > 0xFFFF or int(number) > 0xFFFF:
        raise ValueError("zone and number are at most 65535 each")
    return int(zone) | int(number) << 16


def _not_everybody(address: IPvAnyAddress) -> IPvAnyAddress:
    if address.is_multicast:
        raise ValueError(
            "a multicast address cannot be listened on: give this box's address on the panel network"
        )
    return address


ComponentAddress = Annotated[
    int,
    Field(
        ge=0, le=0xFFFFFFFF, json_schema_extra={"type": ["integer", "string"], "pattern": "^[0-9]+-[0-9]+$"}
    ),
    BeforeValidator(_read_address),
]
"""As the transmitter sends it: the low half is often the zone or loop, the high half the number in it."""
Byte = Annotated[int, Field(ge=0, le=255)]
ListenAddress = Annotated[IPvAnyAddress, AfterValidator(_not_everybody)]


class ComponentSettings(Rules):
    """One component of a panel and what it is called here. System type and address only where addresses repeat."""

    address: ComponentAddress
    device: DeviceId
    system_type: Byte | None = None
    system_address: Byte | None = None
    place: PlaceId | None = None
    label: Text | None = None
    kind: DeviceKind = DeviceKind.OTHER
    """`smoke`, `heat` and `gas` decide what its fire bit means; otherwise its component type does."""
    model: Text | None = None


class ZoneSettings(Rules):
    """Where the components of a zone are that are not listed one by one."""

    zone: Annotated[int, Field(ge=0, le=0xFFFF)]
    place: PlaceId


class TransmitterSettings(Rules):
    """One transmission device and the panel behind it. `address` is its source address as a number."""

    address: Annotated[int, Field(ge=0, le=MAX_ADDRESS)]
    device: DeviceId
    place: PlaceId | None = None
    label: Text | None = None
    model: Text | None = None
    heartbeat_s: Annotated[float, Field(ge=5, le=86400)] | None = 60.0
    """The longest silence it allows; after 2.3 times this it is lost. Null: it may be silent for ever."""
    poll: bool = True
    """Ask for its state after one heartbeat of silence."""
    test_bit: TestBit = TestBit.LEARN
    duty: DutyRules | None = None
    clock_every_s: Annotated[float, Field(ge=60, le=30 * 86400)] | None = None
    zones: tuple[ZoneSettings, ...] = Field(default=(), max_length=2000)
    components: tuple[ComponentSettings, ...] = Field(default=(), max_length=MAX_COMPONENTS)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        zones = [each.zone for each in self.zones]
        if twice := sorted({zone for zone in zones if zones.count(zone) > 1}):
            raise ValueError(f"zone {twice[0]} is given twice")
        seen: set[object] = set()
        for each in self.components:
            key = (each.address, each.system_type, each.system_address)
            if key in seen:
                raise ValueError(f"component {each.address & 0xFFFF}-{each.address >> 16} is given twice")
            seen.add(key)
        return self


class Gbt26875Settings(Rules):
    """The receiving centre: where it listens, and the transmission devices it knows."""

    type: Literal["gbt26875"]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")] = "fire-panels"
    """Of the source, in logs and fault reports."""
    listen: ListenAddress = Field(default="127.0.0.1", validate_default=True)
    """This box's address on the panel network. The default listens to nobody outside the box."""
    tcp_port: Annotated[int, Field(ge=0, le=65535)] | None = 5200
    udp_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    allow: tuple[IPv4Network | IPv6Network, ...] = Field(default=(), max_length=100)
    """Networks that may speak to it (the protocol knows no password); empty: whoever reaches the address."""
    receiver_device: DeviceId = "fire-receiver"
    """Under this id faults of the receiving itself are reported."""
    centre_address: Annotated[int, Field(ge=0, le=MAX_ADDRESS)] = 0
    """Ours, until a transmitter has named another one as its destination."""
    utc_offset_min: Annotated[int, Field(ge=-720, le=840)] = 480
    """Of the transmitters' local time; 480 is China's."""
    transmitters: tuple[TransmitterSettings, ...] = Field(default=(), max_length=200)
    max_connections: Annotated[int, Field(ge=1, le=512)] = 32
    idle_close_s: Seconds = 900.0
    """A connection without a frame for so long is closed; its transmitter connects again."""
    quiet_s: Annotated[float, Field(ge=0.1, le=10)] = 1.0
    """A false start mark holds back the frames behind it no longer than this on a quiet line."""
    inputs: InputRules = InputRules()
    calls: CallRules = CallRules()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.tcp_port is None and self.udp_port is None:
            raise ValueError("give tcp_port or udp_port, or both")
        addresses = [each.address for each in self.transmitters]
        if twice := sorted({a for a in addresses if addresses.count(a) > 1}):
            raise ValueError(f"transmitter address {twice[0]} is given twice")
        infos = self.device_infos()
        if len(infos) > MAX_COMPONENTS + len(self.transmitters) + 1:
            raise ValueError(f"more than {MAX_COMPONENTS} components: place the others by zones")
        names = [info.id for info in infos]
        if again := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"device {again[0]!r} is given twice")
        return self

    def rules_of(self, transmitter: TransmitterSettings) -> TransmitterRules:
        """How this transmitter is supervised and judged."""
        return TransmitterRules(
            panel=PanelRules(test_bit=transmitter.test_bit),
            liveness=LivenessRules(heartbeat_s=transmitter.heartbeat_s),
            poll=transmitter.poll,
            duty=transmitter.duty,
            clock_every_s=transmitter.clock_every_s,
            calls=self.calls,
        )

    def device_infos(self) -> list[DeviceInfo]:
        """What the box reports in its state. Silence is judged here, so no heartbeat is announced."""
        infos = [DeviceInfo(id=self.receiver_device, kind=DeviceKind.OTHER, label="火警接收 / GB/T 26875.3")]
        for panel in self.transmitters:
            infos.append(
                DeviceInfo(
                    id=panel.device,
                    kind=DeviceKind.FIRE_PANEL,
                    model=panel.model,
                    label=panel.label,
                    place=panel.place,
                )
            )
            infos += [
                DeviceInfo(
                    id=each.device,
                    kind=each.kind,
                    model=each.model,
                    label=each.label,
                    place=each.place or _zone_place(panel, each.address) or panel.place,
                )
                for each in panel.components
            ]
        return infos


def _zone_place(panel: TransmitterSettings, address: int) -> str | None:
    return next((zone.place for zone in panel.zones if zone.zone == address & 0xFFFF), None)
