"""How a Modbus line is reached: over the network, or by an RS-485 adapter."""

from typing import Literal

from pydantic import Field

from edge.agent.policy.rules import Rules


class TcpLineSettings(Rules):
    """A unit or a gateway in the network."""

    host: str = Field(min_length=1, max_length=255)
    port: int = Field(default=502, ge=1, le=65535)
    framing: Literal["tcp", "rtu"] = "tcp"
    """`rtu` for serial servers that pass the bytes of a serial line through."""


class SerialLineSettings(Rules):
    """An RS-485 adapter."""

    port: str = Field(min_length=1, max_length=255)
    """A stable path: `/dev/serial/by-id/…`."""
    baud: int = Field(default=9600, ge=300, le=4_000_000)
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
