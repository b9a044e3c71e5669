"""The configuration section of doors whose readers speak Wiegand."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.agent.filepaths import ConfigPath
from edge.agent.policy.gate import GateRules
from edge.agent.policy.inputs import InputRules
from edge.agent.policy.rules import Rules
from edge.agent.sources.detector_settings import refuse_twice
from edge.agent.sources.door_settings import Direction, DoorSettings, SourceName
from edge.agent.sources.gpio_lines import DEFAULT_CHIP, ChipPath, LineNumber
from redwhistle.contracts.state import DeviceInfo


class WiegandReaderSettings(Rules):
    """A reader, tapped in parallel to its controller. Its 5 V never reach a GPIO line: a level shifter stands between."""

    d0: LineNumber
    d1: LineNumber
    direction: Direction = "unknown"


class WiegandDoorSettings(DoorSettings):
    """A door with its readers."""

    readers: tuple[WiegandReaderSettings, ...] = Field(min_length=1, max_length=4)


class WiegandSettings(Rules):
    """Doors on one GPIO chip."""

    type: Literal["wiegand"]
    name: SourceName = "wiegand"
    """Of the source, in logs and fault reports."""
    chip: ChipPath = DEFAULT_CHIP
    devices: tuple[WiegandDoorSettings, ...] = Field(min_length=1, max_length=16)
    key_file: ConfigPath | None = None
    """The key of the card hashes; by default `gate.key` in the box's data folder. It never leaves the box."""
    gap_s: Annotated[float, Field(ge=0.005, le=1)] = 0.03
    """Silence that ends a frame."""
    shortest_s: Annotated[float, Field(ge=0, le=0.001)] = 0.00005
    """Two pulses closer than this are one: bits come at least 200 µs apart."""
    rules: GateRules = GateRules()
    inputs: InputRules = InputRules()

    @model_validator(mode="after")
    def _names_and_lines_differ(self) -> Self:
        refuse_twice("device", [each.device for each in self.devices])
        refuse_twice("line", [str(line) for line in self.gpio_lines()])
        return self

    def gpio_lines(self) -> list[int]:
        """All lines of the chip that it takes."""
        readers = [line for each in self.devices for one in each.readers for line in (one.d0, one.d1)]
        return readers + [one.line for each in self.devices for one in each.lines.lines()]

    def device_infos(self) -> list[DeviceInfo]:
        """What the box reports in its state."""
        return [each.info() for each in self.devices]
