"""The configuration section of one Modbus line, TCP or serial, and its register map."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.agent.modbus_wires import SerialLineSettings, TcpLineSettings
from edge.agent.policy.detector import DetectorRules
from edge.agent.policy.inputs import InputRules
from edge.agent.policy.rules import Rules
from edge.agent.sources.modbus_map import MapSettings, heartbeat_of
from redwhistle.contracts.ids import DeviceId
from redwhistle.contracts.state import DeviceInfo, DeviceKind


class ModbusSettings(Rules):
    """One line: either `tcp` or `rtu`, and the map of the units on it."""

    type: Literal["modbus"]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")] = "modbus"
    """Of the source, in logs and fault reports."""
    line_device: DeviceId = "modbus-line"
    """Under this id faults of the line itself are reported."""
    tcp: TcpLineSettings | None = None
    rtu: SerialLineSettings | None = None
    map: MapSettings
    """A file beside this one, or the map itself."""
    timeout_s: Annotated[float, Field(ge=0.05, le=5)] = 1.0
    """A unit that has not answered by then is silent."""
    fault_s: Annotated[float, Field(ge=1, le=3600)] = 30.0
    """A line that cannot be opened for this long is a fault."""
    rules: DetectorRules = DetectorRules()
    inputs: InputRules = InputRules(fault_after=3, fault_for_s=10)
    """When questions that a unit refuses become a fault."""

    @model_validator(mode="after")
    def _is_one_line(self) -> Self:
        if (self.tcp is None) == (self.rtu is None):
            raise ValueError("give either tcp or rtu")
        return self

    def where(self) -> str:
        """The line, for people."""
        if self.tcp is not None:
            return f"{self.tcp.host}:{self.tcp.port}"
        return "" if self.rtu is None else self.rtu.port

    def device_infos(self) -> list[DeviceInfo]:
        """What the box reports in its state."""
        line = DeviceInfo(id=self.line_device, kind=DeviceKind.OTHER, label=f"Modbus {self.where()}")
        devices = (each.info(each.kind, heartbeat_of(unit, each)) for unit, each in self.map.devices())
        return [line, *devices]
