"""An OSDP line by libosdp: what readers say, their cards hashed in the first function that sees them.

`osdp_sys` is used without the wrapper that comes with it: the wrapper keeps every event, card numbers included, in a
queue that nobody empties.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import serial

from edge.agent.policy import wiegand
from edge.agent.policy.wiegand import Credential
from redwhistle.errors import SourceError

_ASCII = 2
KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class CardSeen:
    """A card at a reader (its index on the line); `credential` is the keyed hash."""

    reader: int
    credential: str


@dataclass(frozen=True, slots=True)
class ReaderState:
    """A reader says that it was opened, or that its power fails."""

    reader: int
    tamper: bool
    power: bool


Said = CardSeen | ReaderState


def read_card(event: Mapping[str, Any], hash_card: Callable[[str], str]) -> str | None:
    """The hash of a card; None when there is no card in it.

    A card of a Wiegand format gives the number that a Wiegand reader would give: the same card, the same hash.
    """
    data = event.get("data")
    if not isinstance(data, bytes) or not data:
        return None
    length = event.get("length")
    if event.get("format") == _ASCII:
        return hash_card(data.decode("latin-1").strip())
    bits = tuple(bool(byte >> (7 - i) & 1) for byte in data for i in range(8))
    if isinstance(length, int) and 0 < length <= len(bits):
        bits = bits[:length]
        read = wiegand.read_frame(bits, hash_card) if length in wiegand.LENGTHS else None
        if isinstance(read, Credential):
            return read.hash
    return hash_card(f"{len(bits)}:{data.hex()}")


@dataclass(frozen=True, slots=True)
class PanelReader:
    """One reader: `key` None: without a secure channel."""

    address: int
    key: bytes | None


class OsdpPanel:
    """Used from one thread; `turn` at least 20 times a second."""

    def __init__(
        self, port: str, baud: int, readers: Sequence[PanelReader], hash_card: Callable[[str], str]
    ) -> None:
        """Open the line. Raises SourceError."""
        try:
            osdp: Any = importlib.import_module("osdp_sys")
        except ImportError:
            raise SourceError("OSDP needs the library libosdp: pip install 'redwhistle[edge,osdp]'") from None
        self._osdp = osdp
        self._hash_card = hash_card
        self._said: list[Said] = []
        self._line = _Line(port, baud)
        osdp.set_loglevel(osdp.LOG_CRIT)
        try:
            self._panel = osdp.ControlPanel([self._info(each) for each in readers])
            self._panel.set_event_callback(self._hear)
        except Exception as error:
            self._line.close()
            raise SourceError(f"{port}: the OSDP panel cannot be set up: {error}") from error

    def turn(self) -> list[Said]:
        """Ask the readers, and give what they said. Raises SourceError when the line is gone."""
        self._panel.refresh()
        if self._line.broken is not None:
            raise SourceError(f"the OSDP line is gone ({self._line.broken}): check the adapter")
        said, self._said = self._said, []
        return said

    def online(self) -> int:
        """A bit for each reader that answers."""
        return int(self._panel.status())

    def retry(self, reader: int) -> None:
        """Ask a silent reader anew: by itself the library waits longer and longer, up to five minutes."""
        if self._panel.is_pd_enabled(reader):
            self._panel.disable_pd(reader)
        else:
            self._panel.enable_pd(reader)

    def close(self) -> None:
        self._panel = None
        self._line.close()

    def _info(self, reader: PanelReader) -> dict[str, Any]:
        flags = self._osdp.FLAG_ENABLE_NOTIFICATION
        if reader.key is not None:
            flags |= self._osdp.FLAG_ENFORCE_SECURE
        return {
            "name": f"reader-{reader.address}",
            "address": reader.address,
            "flags": flags,
            "scbk": reader.key,
            "channel": self._line,
            "version": 1,
            "model": 1,
            "vendor_code": 0,
            "serial_number": 0,
            "firmware_version": 0,
        }

    def _hear(self, reader: int, event: dict[str, Any]) -> int:
        if event.get("event") == self._osdp.EVENT_CARDREAD:
            credential = read_card(event, self._hash_card)
            event.clear()
            if credential is not None:
                self._said.append(CardSeen(reader, credential))
        elif event.get("event") == self._osdp.EVENT_STATUS:
            report = event.get("report")
            is_local = event.get("type") == self._osdp.STATUS_REPORT_LOCAL
            if is_local and isinstance(report, bytes) and len(report) >= 2:
                self._said.append(ReaderState(reader, tamper=report[0] != 0, power=report[1] != 0))
        return 0


class _Line:
    """The bytes of the line, as the library wants them. Its errors are kept: they must not cross the library."""

    def __init__(self, port: str, baud: int) -> None:
        self.id = 0
        self.broken: str | None = None
        try:
            self._serial = serial.Serial(port, baud, timeout=0, write_timeout=1)
        except (OSError, ValueError) as error:
            raise SourceError(f"{port}: the line cannot be opened: {error}") from error

    def read(self, most: int) -> bytes:
        try:
            return bytes(self._serial.read(most))
        except Exception as error:  # an adapter that is pulled out shows itself in many ways
            self.broken = type(error).__name__
            return b""

    def write(self, data: bytes) -> int:
        try:
            return int(self._serial.write(data) or 0)
        except Exception as error:
            self.broken = type(error).__name__
            return 0

    def flush(self) -> None:
        """What nobody asked for is not an answer."""
        try:
            self._serial.reset_input_buffer()
        except Exception as error:
            self.broken = type(error).__name__

    def close(self) -> None:
        self._serial.close()
