"""The demo's folder: one demo at a time, emptied at each start, and never a folder that somebody else filled."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from redwhistle.errors import ConfigurationError
from server.demo.guard import end_all

MARKER = ".redwhistle-demo"
_TEXT = "This folder belongs to `redwhistle demo`, which empties it at each start.\n"


@contextmanager
def held_folder(path: Path) -> Iterator[Path]:
    """The folder, empty and ours alone while the block runs; what an earlier demo left running in it is stopped.

    Raises ConfigurationError for a folder that cannot be used, is in use, or holds what no demo put there.
    """
    try:
        folder = path.resolve()
        lock = _take(folder)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(
            f"the demo cannot use {str(path)!r}: {why}. Choose another folder with --data-dir."
        ) from error
    with lock:
        end_all(folder)
        try:
            _empty(folder)
        except OSError as error:
            raise ConfigurationError(
                f"the demo cannot empty {folder}: {error.strerror} ({error.filename}). Remove it, or choose another "
                "folder with --data-dir."
            ) from error
        yield folder


def _take(folder: Path) -> IO[bytes]:
    """The locked marker file: a kernel lock, so it goes with us however we end."""
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder} is a file: choose a folder with --data-dir")
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / MARKER
    if not marker.exists() and any(folder.iterdir()):
        raise ConfigurationError(
            f"{folder} holds files that are not the demo's, and the demo empties its folder: "
            "choose a new or an empty one with --data-dir"
        )
    lock = marker.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise ConfigurationError(
            f"another demo runs in {folder}: stop it, or choose another folder with --data-dir"
        ) from None
    if lock.tell() == 0:
        lock.write(_TEXT.encode())
        lock.flush()
    # The database gives up root and must be able to pass through.
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return lock


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name == MARKER:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
