"""The information objects of each data type, as values. Fields stand in the order of the wire; `time` comes last.

Bytes of text are kept as they are: `show_text` makes them readable, `pad_text` makes them. What the standard defines is
types 1–8, 21, 24–26, 28, 61–68, 81, 84–86 and 88–91; every other type is reserved or a maker's own and stays `Opaque`.
"""

from dataclasses import dataclass

from edge.agent.gbt26875.names import ANALOG_TYPES
from edge.agent.gbt26875.panel_time import PanelTime

TEXT_BYTES = 31
ENCODING = "gb18030"


@dataclass(frozen=True, slots=True)
class SystemState:
    """Type 1: a fire system's state (`SystemBit`)."""

    system_type: int
    system_address: int
    state: int
    time: PanelTime | None


@dataclass(frozen=True, slots=True)
class ComponentState:
    """Type 2: a component's state (`ComponentBit`). `address` is a 32-bit number; `text` is 31 bytes."""

    system_type: int
    system_address: int
    component_type: int
    address: int
    state: int
    text: bytes
    time: PanelTime | None


@dataclass(frozen=True, slots=True)
class AnalogValue:
    """Type 3: a component's measured value; `raw` is signed and counts in the step of its analog type."""

    system_type: int
    system_address: int
    component_type: int
    address: int
    analog_type: int
    raw: int
    time: PanelTime | None

    @property
    def value(self) -> float | None:
        """In the unit of its type (`names.ANALOG_TYPES`); None for a type that the standard does not define."""
        known = ANALOG_TYPES.get(self.analog_type)
        return None if known is None else self.raw / known.steps_per_unit


@dataclass(frozen=True, slots=True)
class Operation:
    """Type 4: what a person did at a fire system (`OperationBit`); `operator` is a number, not a name."""

    system_type: int
    system_address: int
    operation: int
    operator: int
    time: PanelTime | None


@dataclass(frozen=True, slots=True)
class SoftwareVersion:
    """Type 5: a fire system's software. The standard gives it no time; some transmitters add one."""

    system_type: int
    system_address: int
    major: int
    minor: int
    time: PanelTime | None = None


@dataclass(frozen=True, slots=True)
class SystemConfiguration:
    """Type 6: a description of up to 255 bytes. The standard gives it no time; some transmitters add one."""

    system_type: int
    system_address: int
    text: bytes
    time: PanelTime | None = None


@dataclass(frozen=True, slots=True)
class ComponentConfiguration:
    """Type 7: a component's description, 31 bytes. The standard gives it no time; some transmitters add one."""

    system_type: int
    system_address: int
    component_type: int
    address: int
    text: bytes
    time: PanelTime | None = None


@dataclass(frozen=True, slots=True)
class SystemTime:
    """Type 8: a fire system's clock."""

    system_type: int
    system_address: int
    time: PanelTime | None


@dataclass(frozen=True, slots=True)
class TransmitterState:
    """Type 21: the transmitter's own state (`TransmitterBit`)."""

    state: int
    time: PanelTime | None


@dataclass(frozen=True, slots=True)
class TransmitterOperation:
    """Type 24: what a person did at the transmitter (`OperationBit`), the answer to a duty check among it."""

    operation: int
    operator: int
    time: PanelTime | None


@dataclass(frozen=True, slots=True)
class TransmitterVersion:
    """Type 25: the transmitter's software. The standard gives it no time; some transmitters add one."""

    major: int
    minor: int
    time: PanelTime | None = None


@dataclass(frozen=True, slots=True)
class TransmitterConfiguration:
    """Type 26: a description of up to 255 bytes. The standard gives it no time; some transmitters add one."""

    text: bytes
    time: PanelTime | None = None


@dataclass(frozen=True, slots=True)
class ClockTime:
    """Type 28: the transmitter's clock; type 90, downlink: set it to this."""

    time: PanelTime | None


@dataclass(frozen=True, slots=True)
class ReadSystem:
    """Types 61, 65, 66, 68, downlink: a system's state, software, configuration, clock."""

    system_type: int
    system_address: int


@dataclass(frozen=True, slots=True)
class ReadComponent:
    """Types 62, 63, 67, downlink: a component's state, value, configuration."""

    system_type: int
    system_address: int
    address: int


@dataclass(frozen=True, slots=True)
class ReadOperations:
    """Type 64, downlink: `count` records of a system's operations from `time` on."""

    system_type: int
    system_address: int
    count: int
    time: PanelTime | None


@dataclass(frozen=True, slots=True)
class ReadTransmitterOperations:
    """Type 84, downlink: `count` records of the transmitter's operations from `time` on."""

    count: int
    time: PanelTime | None


@dataclass(frozen=True, slots=True)
class Bare:
    """Types 81, 85, 86, 88 and 89, downlink: nothing but one reserved byte. 89 starts the transmitter anew."""

    reserved: int = 0


@dataclass(frozen=True, slots=True)
class DutyCheck:
    """Type 91, downlink: somebody shall press a button at the transmitter within so many minutes (查岗)."""

    minutes: int


@dataclass(frozen=True, slots=True)
class Opaque:
    """A type that the standard reserves or leaves to the makers: its bytes, uninterpreted, all objects together."""

    body: bytes


InfoObject = (
    SystemState
    | ComponentState
    | AnalogValue
    | Operation
    | SoftwareVersion
    | SystemConfiguration
    | ComponentConfiguration
    | SystemTime
    | TransmitterState
    | TransmitterOperation
    | TransmitterVersion
    | TransmitterConfiguration
    | ClockTime
    | ReadSystem
    | ReadComponent
    | ReadOperations
    | ReadTransmitterOperations
    | Bare
    | DutyCheck
    | Opaque
)


def show_text(text: bytes) -> str:
    """Readable text of GB 18030 bytes: up to the first zero, without surrounding blanks; what is none becomes `?`."""
    shown = text.partition(b"\0")[0].decode(ENCODING, "replace").strip()
    return "".join(c if c.isprintable() and c != "\ufffd" else "?" for c in shown)


def pad_text(text: str, size: int = TEXT_BYTES) -> bytes:
    """GB 18030 bytes of `text`, cut after a whole character and filled up with zeros to `size`."""
    kept = b""
    for character in text:
        more = kept + character.encode(ENCODING, "replace")
        if len(more) > size:
            break
        kept = more
    return kept.ljust(size, b"\0")


def split_address(address: int) -> tuple[int, int]:
    """A component's address as its two halves, low first: zone (or loop) and number."""
    return address & 0xFFFF, address >> 16
