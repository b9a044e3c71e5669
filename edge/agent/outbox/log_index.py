"""The header of SQLite's WAL index, read beside SQLite and without touching its locks."""

import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_HEADER_BYTES = 48


@dataclass(frozen=True, slots=True)
class LogState:
    """Frames in the log, the size of a page, and the salt, which changes when the log begins anew."""

    frames: int
    page_bytes: int
    salt: bytes


class LogIndex:
    """Of one database file that this process has open.

    Closing any descriptor of a file drops all locks that the process holds on it (fcntl(2), close(2)), SQLite's among
    them: the next process that opened the outbox, a mere `outbox show`, would take the index for abandoned and cut it
    off under the agent, which dies of SIGBUS or loses what it committed. So one descriptor is kept open until SQLite
    has closed the file.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + "-shm")
        self._descriptor: int | None = None

    def read(self) -> LogState | None:
        """What the header says; None while there is no index. Format: https://www.sqlite.org/walformat.html"""
        try:
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            header = os.pread(self._descriptor, _HEADER_BYTES, 0)
        except OSError:
            return None
        if len(header) < _HEADER_BYTES:
            return None
        # Native byte order; page size as 16 bits at 14 (0: 65536), last valid frame at 16, salts at 32.
        page_bytes, frames = struct.unpack_from("=HI", header, 14)
        return LogState(int(frames), page_bytes or 65536, header[32:40])

    def close(self) -> None:
        """Only after SQLite's connections to the file are closed."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None
