"""Nothing of a demo outlives it: a small process that waits for the demo's end and stops whatever is left.

The kernel closes the guard's standard input when the demo ends, also by kill -9. What belongs to a demo carries its
folder in an environment variable; the database, which runs as another user, is found through its own pid file.

    python -m server.demo.guard FOLDER
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from server.embedded.child import spawn

MARK = "REDWHISTLE_DEMO_RUN"
"""Variable with the demo's folder, in the environment of all its processes."""
_ASK_S = 6.0
_KILL_S = 3.0
_POLL_S = 0.05
_PROC = Path("/proc")


def left_over(folder: Path) -> list[int]:
    """Process ids that belong to the demo of this folder, the calling process apart."""
    mark = os.fsencode(f"{MARK}={folder}")
    found = {
        int(entry.name)
        for entry in _PROC.glob("[0-9]*")
        if mark in _read(entry / "environ").split(b"\0") and int(entry.name) != os.getpid()
    }
    return sorted(found | set(_database(folder)))


def end_all(folder: Path, *, ask_s: float = _ASK_S) -> list[int]:
    """Ask every process of this folder's demo to end, after `ask_s` kill what is left; return what was asked."""
    asked = left_over(folder)
    for sign, wait_s in ((signal.SIGINT, ask_s), (signal.SIGKILL, _KILL_S)):
        deadline_s = time.monotonic() + wait_s
        for pid in left_over(folder):
            _send(pid, sign)
        while left_over(folder) and time.monotonic() < deadline_s:
            time.sleep(_POLL_S)
    return asked


@contextmanager
def guarded(folder: Path, log: Path) -> Iterator[None]:
    """A guard over this folder's demo, as long as the block runs and however this process ends."""
    environment = {name: value for name, value in os.environ.items() if name != MARK}
    ours = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (ours, environment.get("PYTHONPATH"))))
    words = [sys.executable, "-m", "server.demo.guard", str(folder)]
    process = spawn(words, log=log, env=environment, lifeline=True)
    try:
        yield
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(_ASK_S + 2 * _KILL_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> None:
    """Wait for the end of standard input, then for the end of everything that belongs to the folder."""
    folder = Path(sys.argv[1])
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    sys.stdin.buffer.read()
    asked = end_all(folder)
    if asked:
        print(f"stopped what was left: {asked}", file=sys.stderr)  # noqa: T201


def _database(folder: Path) -> Iterator[int]:
    """The database server over the folder's cluster, by its pid file, if it is that."""
    cluster = folder / "server" / "postgres" / "cluster"
    with suppress(OSError, ValueError):
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        if os.fsencode(cluster) in _read(_PROC / str(pid) / "cmdline").split(b"\0"):
            yield pid


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it ended, or it is none of ours


def _send(pid: int, sign: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, sign)


if __name__ == "__main__":
    main()
