"""pymodbus's client for one line."""

import logging

from pymodbus import FramerType
from pymodbus.client import ModbusSerialClient, ModbusTcpClient

from edge.agent.modbus_wires import SerialLineSettings, TcpLineSettings

# What goes wrong is reported by who asks, at a bounded rate.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


def make_client(
    tcp: TcpLineSettings | None, rtu: SerialLineSettings | None, timeout_s: float
) -> ModbusTcpClient | ModbusSerialClient:
    """Not connected yet. One attempt a question: repeating is the business of who asks and knows who else waits."""
    if tcp is not None:
        framer = FramerType.SOCKET if tcp.framing == "tcp" else FramerType.RTU
        return ModbusTcpClient(tcp.host, port=tcp.port, framer=framer, timeout=timeout_s, retries=0)
    if rtu is None:
        raise ValueError("neither tcp nor rtu")
    return ModbusSerialClient(
        rtu.port,
        baudrate=rtu.baud,
        parity=rtu.parity,
        stopbits=rtu.stop_bits,
        timeout=timeout_s,
        retries=0,
    )
