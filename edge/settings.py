"""A box's configuration: one YAML file, checked whole before anything starts.

To add a source family: write its settings with `type: Literal["…"]` beside the source, add them to
`SourceSettings` here, and its constructor to `fittings.build_source`.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from edge.agent.actuators.settings import AnyActuatorSettings, CoilSettings, GpioRelaySettings
from edge.agent.filepaths import FOLDER, ConfigPath
from edge.agent.outbox.limits import Limits
from edge.agent.policy.fire_release import ReleaseRules
from edge.agent.policy.reflex import ReflexRules
from edge.agent.sources.camera_settings import CameraSettings
from edge.agent.sources.contact_settings import ContactSettings
from edge.agent.sources.esphome_settings import EsphomeSettings
from edge.agent.sources.gate_settings import GateHttpSettings, GateSettings
from edge.agent.sources.gbt26875_settings import Gbt26875Settings
from edge.agent.sources.modbus_settings import ModbusSettings
from edge.agent.sources.osdp_settings import OsdpSettings
from edge.agent.sources.replay_settings import ReplaySettings
from edge.agent.sources.wiegand_settings import WiegandSettings
from edge.agent.sources.zigbee_settings import ZigbeeSettings
from edge.agent.uplink.broker_settings import BrokerSettings
from edge.agent.yaml_text import Lines, describe_fault, parse_yaml
from redwhistle.contracts.ids import BoxId, SiteId
from redwhistle.contracts.readings import BOX_DEVICE
from redwhistle.contracts.state import DeviceInfo
from redwhistle.errors import ConfigurationError
from redwhistle.logs import LogFormat, LogLevel


def _read_device(value: Any, _strict: ValidatorFunctionWrapHandler) -> DeviceInfo:
    return DeviceInfo.model_validate(value, strict=False)


SourceSettings = Annotated[
    CameraSettings
    | ContactSettings
    | EsphomeSettings
    | GateHttpSettings
    | GateSettings
    | Gbt26875Settings
    | ModbusSettings
    | OsdpSettings
    | ReplaySettings
    | WiegandSettings
    | ZigbeeSettings,
    Field(discriminator="type"),
]
"""One of the families; `type` says which."""

DeviceSettings = Annotated[DeviceInfo, WrapValidator(_read_device)]
"""A device as people write it: the wire's model, read leniently (text for an enum, whole numbers for seconds)."""

MAX_FILE_BYTES = 1024 * 1024


class OutboxSettings(BaseModel):
    """How much the outbox may hold. Alarms are kept beyond these limits; telemetry is not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_rows: Annotated[int, Field(ge=1_000, le=50_000_000)] = 200_000
    max_mb: Annotated[int, Field(ge=4, le=100_000)] = 256
    reserve_mb: Annotated[int, Field(ge=1, le=1_000)] = 2
    """A file kept to be given up when an alarm finds the disk full."""

    def limits(self) -> Limits:
        """In the outbox's own units."""
        mb = 1024 * 1024
        return Limits(max_rows=self.max_rows, max_bytes=self.max_mb * mb, reserve_bytes=self.reserve_mb * mb)


class ClockTrust(StrEnum):
    """Where the box learns whether its wall clock is set."""

    AUTO = "auto"
    """From the kernel and systemd-timesyncd."""
    ALWAYS = "always"
    """A host that keeps time for a container that cannot see it."""
    NEVER = "never"


class LogSettings(BaseModel):
    """What is logged, and how; to standard error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: LogFormat = LogFormat.JSON
    level: LogLevel = LogLevel.INFO


class BoxSettings(BaseModel):
    """Everything one box needs to know."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    site: SiteId
    box: BoxId
    data_dir: ConfigPath
    """For the outbox; the agent makes it. Keep it when the software is replaced."""
    broker: BrokerSettings
    models_dir: ConfigPath | None = None
    """A folder with manifest.toml; without it the one that came with the software, if any."""
    devices: Annotated[list[DeviceSettings], Field(max_length=1000)] = Field(default_factory=list)
    """Devices that no source describes, or more of what is known of one that a source does."""
    sources: Annotated[list[SourceSettings], Field(max_length=200)] = Field(default_factory=list)
    actuators: Annotated[list[AnyActuatorSettings], Field(max_length=100)] = Field(default_factory=list)
    reflexes: Annotated[list[ReflexRules], Field(max_length=100)] = Field(default_factory=list)
    release_checks: Annotated[list[ReleaseRules], Field(max_length=20)] = Field(default_factory=list)
    outbox: OutboxSettings = OutboxSettings()
    clock: ClockTrust = ClockTrust.AUTO
    health_every_s: Annotated[float, Field(ge=1, le=3600)] = 30.0
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Where `GET /metrics` answers, on loopback only; null: nowhere."""
    log: LogSettings = LogSettings()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        described = [device.id for source in self.sources for device in _described_by(source)]
        described += [actuator.device for actuator in self.actuators]
        for what, names in (
            ("device id", [device.id for device in self.devices]),
            ("device id of a source or actuator", described),
            ("source name", [source.name for source in self.sources]),
            ("reflex name", [rule.name for rule in self.reflexes]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]!r} is given twice: names must differ")
        if any(source.name == BOX_DEVICE for source in self.sources):
            raise ValueError(
                f"a source cannot be called {BOX_DEVICE!r}: the box reports on itself under that name"
            )
        return self

    @model_validator(mode="after")
    def _orders_have_somebody_to_go_to(self) -> Self:
        known = {actuator.device for actuator in self.actuators}
        named = {do.actuator: f"reflex {rule.name}" for rule in self.reflexes for do in rule.do}
        named |= {each.released_by: "a release check" for each in self.release_checks if each.released_by}
        for actuator, who in named.items():
            if actuator not in known:
                names = ", ".join(sorted(known)) or "none"
                raise ValueError(f"{who} names the actuator {actuator!r}; there are {names}")
        return self

    @model_validator(mode="after")
    def _lines_have_one_user(self) -> Self:
        relays = [each for each in self.actuators if isinstance(each, GpioRelaySettings)]
        lines = [f"{each.chip} line {each.line}" for each in relays]
        for source in self.sources:
            if isinstance(source, ContactSettings | OsdpSettings | WiegandSettings):
                lines += [f"{source.chip} line {line}" for line in source.gpio_lines()]
        ports = [
            source.rtu.port for source in self.sources if isinstance(source, ModbusSettings) and source.rtu
        ]
        ports += [source.port for source in self.sources if isinstance(source, OsdpSettings)]
        coils = [each.rtu.port for each in self.actuators if isinstance(each, CoilSettings) and each.rtu]
        for line in lines:
            if lines.count(line) > 1:
                raise ValueError(f"{line} is given to two: a GPIO line has one use")
        for port in (ports := ports + coils):
            if ports.count(port) > 1:
                raise ValueError(f"{port} has two users: each line needs an adapter of its own")
        return self

    def device_infos(self) -> list[DeviceInfo]:
        """Every device that is configured, as the box announces it; `devices` wins over what a source says."""
        infos = {device.id: device for source in self.sources for device in _described_by(source)}
        infos.update((actuator.device, actuator.info()) for actuator in self.actuators)
        infos.update((device.id, device) for device in self.devices)
        return list(infos.values())


def _described_by(source: SourceSettings) -> list[DeviceInfo]:
    return [] if isinstance(source, ReplaySettings) else source.device_infos()


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """A configuration with what it was made from; `sha256` is of the file."""

    settings: BoxSettings
    raw: dict[str, Any]
    folder: Path
    sha256: str


def load_settings(path: Path) -> LoadedSettings:
    """Read and check a configuration file; raise ConfigurationError with the place of each fault."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"the configuration cannot be read: {error}") from error
    if len(text) > MAX_FILE_BYTES:
        raise ConfigurationError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
    raw, lines = parse_yaml(text, str(path))
    folder = path.absolute().parent
    return LoadedSettings(
        check_settings(raw, folder, str(path), lines), raw, folder, hashlib.sha256(text).hexdigest()
    )


def check_settings(raw: dict[str, Any], folder: Path, where: str, lines: Lines | None = None) -> BoxSettings:
    """The checked configuration; relative paths count from `folder`. Raises ConfigurationError."""
    try:
        return BoxSettings.model_validate(raw, context={FOLDER: folder})
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        texts = [describe_fault(fault["loc"], fault["msg"], where, lines) for fault in faults[:20]]
        raise ConfigurationError("\n".join(texts)) from None  # the cause would carry what was in the file
