"""Lines of an open file as they come, without a thread: one that waits in a read cannot be ended."""

import os
import selectors

_PIECE_BYTES = 64 * 1024


class InputLines:
    """`fd`: a pipe, a terminal or a file. Used from one thread."""

    def __init__(self, fd: int, most_bytes: int) -> None:
        self._fd = fd
        self._most = most_bytes
        self._held = bytearray()
        self._lines: list[bytes] = []
        self._skipping = False
        self._ended = False

    def take(self, within_s: float) -> bytes | None:
        """The next line, empty when none came within `within_s`; None: there are no more.

        Of a line that is too long only its beginning, so that its rest is not taken for another.
        """
        if not self._lines and not self._ended:
            self._read(within_s)
        if self._lines:
            return self._lines.pop(0)
        return None if self._ended else b""

    def _read(self, within_s: float) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._fd, selectors.EVENT_READ)
                if not selector.select(within_s):
                    return
        except PermissionError:
            pass  # a regular file is always ready, and epoll refuses to say so
        data = os.read(self._fd, _PIECE_BYTES)
        if not data:
            self._ended = True
            data = b"\n"
        *whole, rest = (bytes(self._held) + data).split(b"\n")
        for line in whole:
            if not self._skipping:
                self._lines.append(line[: self._most + 1])
            self._skipping = False
        self._held = bytearray(rest)
        if len(rest) > self._most:
            if not self._skipping:
                self._lines.append(rest[: self._most + 1])
            self._skipping = True
            self._held.clear()
