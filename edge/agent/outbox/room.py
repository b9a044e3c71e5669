"""Room on a disk that is full: a file held in reserve, given up for an alarm and made again when there is space."""

import shutil
from pathlib import Path


class Reserve:
    """`size_bytes` of real blocks beside the outbox; deleting them makes room at once."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self._size_bytes = size_bytes

    def give_up(self) -> bool:
        """Delete the reserve; False when there was none or it cannot be deleted."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def restore(self) -> bool:
        """Make the reserve when it is missing and four times its size is free; return whether it is there."""
        try:
            if self._path.exists() and self._path.stat().st_size == self._size_bytes:
                return True
            if shutil.disk_usage(self._path.parent).free < 4 * self._size_bytes:
                return False
            with self._path.open("wb") as file:
                file.write(b"\xa5" * self._size_bytes)
        except OSError:
            self.give_up()
            return False
        return True
