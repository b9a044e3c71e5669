"""Where the outbox goes when the disk refuses it altogether: a folder in memory. A dead card must not silence a box."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from redwhistle.errors import OutboxError

MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of our own in it, looked at before it is used)
MAX_BYTES = 32 * 1024 * 1024
"""Of what is kept there: it counts as the agent's memory."""


def find_refuge(box: str, memory: Path = MEMORY) -> Path:
    """A folder in memory, the same one after a crash of the agent, so that what waits there still leaves.

    Raises OutboxError when there is none.
    """
    wanted = memory / f"redwhistle-{os.geteuid()}-{box}"
    try:
        with suppress(FileExistsError):
            wanted.mkdir(mode=0o700)
        found = wanted.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077:
            return wanted
        return Path(tempfile.mkdtemp(prefix="redwhistle-"))
    except OSError as error:
        raise OutboxError(f"neither the disk nor memory takes the outbox: {error}") from error
