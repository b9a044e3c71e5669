"""Temporary folders that a server with a dropped user id can reach (pytest's own are closed to others)."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def server_folder(name: str) -> Iterator[Path]:
    """A fresh folder under the system's temporary folder, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"redwhistle-{name}-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        folder.chmod(0o711)
        yield folder
