"""What goes out, as values: planned without sending, shown by a dry run, carried out by the stage. Pure."""

from dataclasses import dataclass

from edge.agent.gbt26875.frame import Frame, encode_frame
from edge.agent.local_broker import LocalBrokerSettings
from edge.agent.sources.gate_settings import GateHttpSettings
from edge.agent.sources.gbt26875_settings import Gbt26875Settings
from edge.agent.sources.modbus_map import Table
from edge.agent.sources.modbus_settings import ModbusSettings
from edge.agent.sources.osdp_settings import OsdpSettings

WORD = 0xFFFF


@dataclass(frozen=True, slots=True)
class Cell:
    """What shall stand in a unit's memory: a word (0..65535), a bit (0, 1) of a table of bits, or some bits of a word."""

    table: Table
    address: int
    value: int
    mask: int = WORD
    """The bits of a word that are meant; its other bits stay."""

    def shown(self) -> str:
        bits = "" if self.mask == WORD else f"&{self.mask:#06x}"
        return f"{self.table.value}[{self.address}]{bits}={self.value}"


Cells = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Publish:
    """A message to the box's local broker: QoS 1, not retained, so that nothing of a simulation stays behind."""

    broker: LocalBrokerSettings
    topic: str
    payload: str

    def shown(self) -> str:
        return f"mqtt {self.broker.host}:{self.broker.port}  {self.topic}  {self.payload}"


@dataclass(frozen=True, slots=True)
class Post:
    """A message to the box's HTTP door, signed (or with its token) when it is sent."""

    door: GateHttpSettings
    path: str
    body: str

    def shown(self) -> str:
        how = "signed" if self.door.auth == "hmac" else "with the token"
        return f"POST http://{self.door.listen}:{self.door.port}{self.path}  {self.body}  ({how})"


@dataclass(frozen=True, slots=True)
class Report:
    """A frame of a fire transmission device; its serial number is set when it is sent."""

    centre: Gbt26875Settings
    frame: Frame

    def shown(self) -> str:
        port, kind = self.centre.tcp_port, "tcp"
        if port is None:
            port, kind = self.centre.udp_port, "udp"
        data = encode_frame(self.frame).hex(" ").upper()
        return f"gbt26875 {kind} {self.centre.listen}:{port}  {data}"


@dataclass(frozen=True, slots=True)
class Store:
    """Cells of a Modbus unit that the simulator serves; done when the box has read all of them."""

    line: ModbusSettings
    unit: int
    cells: Cells

    def shown(self) -> str:
        cells = " ".join(each.shown() for each in self.cells)
        return f"modbus {self.line.where()} unit {self.unit}  {cells}"


@dataclass(frozen=True, slots=True)
class Close:
    """A contact on one of the box's GPIO lines closes or opens."""

    chip: str
    line: int
    closed: bool

    def shown(self) -> str:
        return f"gpio {self.chip} line {self.line}  {'closed' if self.closed else 'open'}"


@dataclass(frozen=True, slots=True)
class Pulses:
    """A Wiegand frame on two of the box's GPIO lines."""

    chip: str
    d0: int
    d1: int
    bits: tuple[bool, ...]

    def shown(self) -> str:
        bits = "".join("1" if bit else "0" for bit in self.bits)
        return f"wiegand {self.chip} D0 {self.d0} D1 {self.d1}  {bits}"


@dataclass(frozen=True, slots=True)
class Present:
    """A card at an OSDP reader that the simulator is."""

    line: OsdpSettings
    address: int
    bits: tuple[bool, ...]

    def shown(self) -> str:
        bits = "".join("1" if bit else "0" for bit in self.bits)
        return f"osdp {self.line.port} reader {self.address}  {len(self.bits)} bits {bits}"


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing for a while."""

    seconds: float

    def shown(self) -> str:
        return f"wait {self.seconds:g} s"


Step = Publish | Post | Report | Store | Close | Pulses | Present | Wait
