"""The configuration section of doors whose readers speak OSDP on an RS-485 line."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.agent.filepaths import ConfigPath
from edge.agent.policy.gate import GateRules
from edge.agent.policy.rules import Rules, Seconds
from edge.agent.sources.detector_settings import refuse_twice
from edge.agent.sources.door_settings import Direction, DoorSettings, SourceName
from edge.agent.sources.gpio_lines import DEFAULT_CHIP, ChipPath
from redwhistle.contracts.ids import DeviceId
from redwhistle.contracts.state import DeviceInfo, DeviceKind


class OsdpReaderSettings(Rules):
    """A reader (peripheral device) on the line. The box is its control panel: nobody else may be on this line."""

    address: Annotated[int, Field(ge=0, le=126)]
    direction: Direction = "unknown"
    key_file: ConfigPath | None = None
    """The reader's own secure-channel key (SCBK): 32 hex digits. With it nothing but the secure channel is taken."""
    insecure: bool = False
    """Without a key, card numbers cross the line in the clear: say that you know."""

    @model_validator(mode="after")
    def _is_secure_or_says_so(self) -> Self:
        if (self.key_file is None) != self.insecure:
            raise ValueError(f"reader {self.address}: give key_file, or `insecure: true` if it has none")
        return self


class OsdpDoorSettings(DoorSettings):
    """A door with its readers."""

    readers: tuple[OsdpReaderSettings, ...] = Field(min_length=1, max_length=4)


class OsdpSettings(Rules):
    """One RS-485 line with OSDP readers."""

    type: Literal["osdp"]
    name: SourceName = "osdp"
    """Of the source, in logs and fault reports."""
    port: str = Field(min_length=1, max_length=255)
    """A stable path: `/dev/serial/by-id/…`."""
    baud: Literal[9600, 19200, 38400, 57600, 115200, 230400] = 9600
    line_device: DeviceId = "osdp-line"
    chip: ChipPath = DEFAULT_CHIP
    """Of the doors' own contacts, where they have some."""
    devices: tuple[OsdpDoorSettings, ...] = Field(min_length=1, max_length=16)
    card_key_file: ConfigPath | None = None
    """The key of the card hashes; by default `gate.key` in the box's data folder. It never leaves the box."""
    offline_s: Seconds = 15.0
    """A reader that has not answered for this long is a fault."""
    rules: GateRules = GateRules()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        refuse_twice("device", [each.device for each in self.devices])
        refuse_twice("address", [str(one.address) for each in self.devices for one in each.readers])
        refuse_twice("line", [str(line) for line in self.gpio_lines()])
        return self

    def gpio_lines(self) -> list[int]:
        """All lines of the chip that it takes."""
        return [one.line for each in self.devices for one in each.lines.lines()]

    def device_infos(self) -> list[DeviceInfo]:
        """What the box reports in its state."""
        line = DeviceInfo(id=self.line_device, kind=DeviceKind.OTHER, label=f"OSDP {self.port}")
        return [line, *(each.info() for each in self.devices)]
