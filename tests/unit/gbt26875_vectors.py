"""Frames of GB/T 26875.3 that were checked by hand, and frames made for tests."""

from edge.agent.gbt26875.data_units import DataUnit, encode_data
from edge.agent.gbt26875.frame import Command, Frame, encode_frame
from edge.agent.gbt26875.objects import ComponentState, InfoObject, pad_text
from edge.agent.gbt26875.panel_time import PanelTime

SMOKE_FIRE = bytes.fromhex(
    "404001000101203A091A090C790300000000385B0100000030000202010101280A0002000200"
    "20202020202020202020202020202020202020202020202020202020202000"
    "023A091A090C462323"
)
"""Smoke detector, zone 10 number 2: fire. Its bit 0 is 0, as with many transmitters in the field."""
CONFIRM = bytes.fromhex("404001000101233A091A090C385B01000000790300000000000003AB2323")
DENY = bytes.fromhex("404001000101233A091A090C385B01000000790300000000000006AE2323")
MAINS_FAULT = bytes.fromhex("404001000101203A091A090C790300000000385B01000000090002150108023A091A090C422323")
"""The transmitter's mains have failed."""
VECTORS = {"smoke": SMOKE_FIRE, "confirm": CONFIRM, "deny": DENY, "mains": MAINS_FAULT}

TRANSMITTER = 0x0379
CENTRE = 0x15B38
TIME = PanelTime(2, 58, 9, 26, 9, 12)


def frame(
    kind: int | None,
    *said: InfoObject,
    serial: int = 1,
    source: int = TRANSMITTER,
    command: int = Command.SEND,
) -> bytes:
    """A transmitter's frame with these objects; `kind` None: without data."""
    data = b"" if kind is None else encode_data(DataUnit(kind, said, len(said)))
    return encode_frame(Frame(serial, source, CENTRE, command, TIME, data))


def component(
    state: int, *, component_type: int = 40, zone: int = 10, number: int = 2, text: str = "三楼走廊"
) -> ComponentState:
    """A component of the fire alarm system 1."""
    return ComponentState(1, 1, component_type, zone | number << 16, state, pad_text(text), TIME)
