"""An OSDP reader at the far end of the box's serial line: libosdp's own peripheral device."""

import importlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import serial

from edge.agent.sources.osdp_panel import KEY_BYTES
from edge.agent.sources.osdp_settings import OsdpReaderSettings, OsdpSettings
from redwhistle.errors import SimulationError

_ONLINE_S = 20.0
_TURN_S = 0.02


class ReaderLink:
    """One reader, on a port. A line has one simulated reader at a time. Used from one thread beside its own."""

    def __init__(self, settings: OsdpSettings, reader: OsdpReaderSettings, port: str) -> None:
        """Open the line. Raises SimulationError."""
        osdp = _library()
        self.address = reader.address
        self._osdp = osdp
        try:
            self._port = serial.Serial(port, settings.baud, timeout=0)
        except (OSError, ValueError, serial.SerialException) as error:
            raise SimulationError(
                f"{port} cannot be opened ({error}): name this end of the box's serial line with --line"
            ) from None
        key = None if reader.key_file is None else _read_key(reader.key_file)
        flags = [] if key is None else [osdp.LibFlag.EnforceSecure]
        able = osdp.PDCapabilities(
            [(osdp.Capability.CardDataFormat, 1, 1), (osdp.Capability.CommunicationSecurity, 1, 1)]
        )
        info = osdp.PDInfo(reader.address, _channel(osdp, self._port), scbk=key, flags=flags)
        self._done = threading.Event()
        self._device = osdp.PeripheralDevice(info, able, log_level=osdp.LogLevel.Emergency)
        self._device.set_event_completion_handler(lambda _event, _status: self._done.set())
        self._device.start()

    def present(self, bits: tuple[bool, ...]) -> str:
        """Returns when the box has taken the card. Raises SimulationError."""
        if not _wait(self._device.is_online, _ONLINE_S):
            raise SimulationError(
                f"the box does not ask reader {self.address} on this line: does it run, is it the line's other end, "
                "and has it the same key?"
            )
        padded = [*bits, *([False] * (-len(bits) % 8))]
        data = bytes(
            sum(bit << (7 - n) for n, bit in enumerate(padded[at : at + 8]))
            for at in range(0, len(padded), 8)
        )
        event = {
            "event": self._osdp.Event.CardRead,
            "reader_no": 0,
            "direction": 0,
            "format": self._osdp.CardFormat.Wiegand,
            "length": len(bits),
            "data": data,
        }
        self._done.clear()
        self._device.submit_event(event)
        if not self._done.wait(_ONLINE_S):
            raise SimulationError(f"the box did not fetch the card from reader {self.address}")
        time.sleep(_TURN_S)
        return f"fetched by the box (reader {self.address})"

    def close(self) -> None:
        self._device.stop()
        self._port.close()


def _library() -> Any:
    try:
        return importlib.import_module("osdp")
    except ImportError:
        raise SimulationError("OSDP needs the library libosdp: pip install 'redwhistle[edge,osdp]'") from None


def _channel(osdp: Any, port: serial.Serial) -> Any:
    class Port(osdp.Channel):  # type: ignore[misc] # the library has no types
        """The reader's end of the line."""

        def read(self, most: int) -> bytes:
            return bytes(port.read(most))

        def write(self, data: bytes) -> int:
            return int(port.write(data) or 0)

        def flush(self) -> None:
            """Nothing is held back."""

    return Port()


def _read_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        raise SimulationError(f"{path}: the reader's key cannot be read: run as the box's user") from None
    if len(key) != KEY_BYTES:
        raise SimulationError(f"{path}: the reader's key has {len(key)} bytes, {KEY_BYTES} are needed")
    return key


def _wait(condition: Callable[[], object], within_s: float) -> bool:
    deadline_s = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(_TURN_S)
    return True
