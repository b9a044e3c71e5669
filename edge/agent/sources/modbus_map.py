"""The register map of a Modbus line: which unit says what, and where. A YAML file, or written in place.

Addresses are those on the wire, from 0: a manual's `40001` is the holding register 0, `30001` the input register 0,
`10001` the discrete input 0.
"""

import stat
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, model_validator

from edge.agent.filepaths import FOLDER
from edge.agent.policy.rules import Rules, Seconds
from edge.agent.sources.detector_settings import DetectorKind, DetectorSettings, refuse_twice
from edge.agent.sources.json_door import READING_LIMITS
from edge.agent.yaml_text import describe_fault, parse_yaml
from redwhistle.contracts.readings import Metric
from redwhistle.errors import ConfigurationError

MAX_MAP_BYTES = 256 * 1024
LEAST_HEARTBEAT_S = 10.0
Address = Annotated[int, Field(ge=0, le=65535)]
PollSeconds = Annotated[float, Field(ge=0.05, le=3600)]
Order = Literal["big", "little"]


class Table(StrEnum):
    """The four tables of a Modbus unit."""

    COIL = "coil"
    DISCRETE = "discrete"
    HOLDING = "holding"
    INPUT = "input"

    @property
    def has_bits(self) -> bool:
        """Coils and discrete inputs are single bits; the others are words of 16."""
        return self in {Table.COIL, Table.DISCRETE}


class NumberType(StrEnum):
    """What stands in one register or two."""

    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    FLOAT32 = "float32"

    @property
    def words(self) -> int:
        """Registers that it takes."""
        return 1 if self in {NumberType.UINT16, NumberType.INT16} else 2


class RegisterSettings(Rules):
    """A measured value: `raw * scale + offset` is the metric."""

    address: Address
    table: Literal[Table.HOLDING, Table.INPUT] = Table.HOLDING
    type: NumberType = NumberType.UINT16
    word_order: Order = "big"
    """Of two registers: `big` has the high word first."""
    byte_order: Order = "big"
    """Within a register; `little` is rare."""
    scale: float = 1.0
    offset: float = 0.0
    metric: Metric
    min: float | None = None
    max: float | None = None
    """What the sensor can measure; anything beyond is a fault of the sensor, never an alarm."""
    every_s: Seconds = 10.0
    """Passed on this often …"""
    on_change: Annotated[float, Field(gt=0)] | None = None
    """… and at once when it changed by this much. A limit is judged with every poll all the same."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.metric not in READING_LIMITS:
            names = ", ".join(sorted(metric.value for metric in READING_LIMITS))
            raise ValueError(f"metric {self.metric.value!r} is not measured by a device; one of {names}")
        if self.address + self.type.words > 65536:
            raise ValueError("the second register lies beyond 65535")
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError("min must lie below max")
        return self


class InputSettings(Rules):
    """A contact: a discrete input, a coil, or one bit of a register."""

    address: Address
    table: Table = Table.DISCRETE
    bit: Annotated[int, Field(ge=0, le=15)] | None = None
    """Of a register; 0 is the lowest."""
    says: Literal[
        "smoke",
        "heat",
        "gas",
        "carbon_monoxide",
        "water_leak",
        "vibration",
        "sos",
        "manual_call",
        "tamper",
        "fault",
        "battery_low",
        "test",
    ]
    """What it means when it is on."""
    inverted: bool = False
    """On is 0: a normally closed contact, whose cut wire then alarms."""
    for_s: Annotated[float, Field(ge=0, le=3600)] = 0.0
    """A change counts after this long; 0: with the poll that sees it."""

    @model_validator(mode="after")
    def _bit_fits(self) -> Self:
        if self.table.has_bits and self.bit is not None:
            raise ValueError(f"a {self.table.value} has no bits: leave `bit` out")
        if not self.table.has_bits and self.bit is None:
            raise ValueError(f"give the `bit` (0 to 15) of the {self.table.value} register")
        return self


class ModbusDeviceSettings(DetectorSettings):
    """One detector: what it measures and what its contacts say."""

    kind: DetectorKind
    poll_s: PollSeconds | None = None
    """How often it is asked; by default as often as its unit."""
    registers: tuple[RegisterSettings, ...] = Field(default=(), max_length=64)
    inputs: tuple[InputSettings, ...] = Field(default=(), max_length=64)

    @model_validator(mode="after")
    def _says_something_once(self) -> Self:
        if not self.registers and not self.inputs:
            raise ValueError(f"{self.device}: give registers or inputs")
        refuse_twice(f"{self.device}: metric", [each.metric.value for each in self.registers])
        refuse_twice(f"{self.device}: input for", [each.says for each in self.inputs])
        measured = {each.metric for each in self.registers}
        for limit in self.limits:
            if limit.metric not in measured:
                raise ValueError(f"{self.device}: a limit of {limit.metric.value}, but no register of it")
        return self


class UnitSettings(Rules):
    """One unit on the line (a slave address), with one or more detectors."""

    unit: Annotated[int, Field(ge=0, le=255)]
    poll_s: PollSeconds = 1.0
    devices: tuple[ModbusDeviceSettings, ...] = Field(min_length=1, max_length=64)


class RegisterMap(Rules):
    """All units of a line."""

    units: tuple[UnitSettings, ...] = Field(min_length=1, max_length=247)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        refuse_twice("unit", [str(each.unit) for each in self.units])
        refuse_twice("device", [each.device for unit in self.units for each in unit.devices])
        return self

    def devices(self) -> list[tuple[UnitSettings, ModbusDeviceSettings]]:
        """Every detector with its unit."""
        return [(unit, each) for unit in self.units for each in unit.devices]


def poll_of(unit: UnitSettings, device: ModbusDeviceSettings) -> float:
    """Seconds between two questions."""
    return unit.poll_s if device.poll_s is None else device.poll_s


def heartbeat_of(unit: UnitSettings, device: ModbusDeviceSettings) -> float:
    """Seconds of silence that are nothing to worry about."""
    return device.heartbeat_s or max(2 * poll_of(unit, device), LEAST_HEARTBEAT_S)


def read_map(path: Path) -> RegisterMap:
    """Read and check a register map; raise ConfigurationError with the line of each fault."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigurationError(f"{path}: the register map must be a file")
        with path.open("rb") as file:
            text = file.read(MAX_MAP_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: the register map cannot be read: {error}") from error
    if len(text) > MAX_MAP_BYTES:
        raise ConfigurationError(f"{path}: larger than {MAX_MAP_BYTES} bytes")
    raw, lines = parse_yaml(text, str(path))
    try:
        return RegisterMap.model_validate(raw)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        texts = [describe_fault(each["loc"], each["msg"], str(path), lines) for each in faults[:20]]
        raise ConfigurationError("\n".join(texts)) from None


def _read_if_named(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str | Path):
        return value
    path = Path(value)
    folder = (info.context or {}).get(FOLDER)
    try:
        return read_map(path if folder is None else Path(folder) / path.expanduser())
    except (ConfigurationError, RuntimeError) as error:
        raise ValueError(str(error)) from None


MapSettings = Annotated[RegisterMap, BeforeValidator(_read_if_named)]
"""The name of a file, counted from the folder of the configuration, or the map itself."""
