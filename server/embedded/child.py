"""Servers as direct children: started in a session of their own, stopped step by step, killed for good.

A session of its own keeps the terminal's Ctrl-C away from the child: the parent decides when it stops. A direct
child can be waited for, so none is left behind as a zombie.
"""

import contextlib
import os
import shlex
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, NamedTuple, Self, cast

from redwhistle.errors import Unavailable
from server.embedded.ports import is_listening

NOBODY = 65534
_TAIL_BYTES = 4096


class StopStep(NamedTuple):
    """Send `signal`, then wait `wait_s` seconds for the end before the next step."""

    signal: signal.Signals
    wait_s: float


class ChildServer(ABC):
    """A server in a child process; a context manager that starts and always stops it."""

    stop_steps: ClassVar[tuple[StopStep, ...]] = ()
    """How it is asked to stop before it is killed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def start(self) -> None:
        """Start and return when it accepts connections; raise Unavailable when it does not come up."""

    @property
    def running(self) -> bool:
        """Whether the child is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and self.running else None

    def stop(self) -> None:
        """Stop within a few seconds. Safe to call twice."""
        if self._process is not None:
            stop(self._process, self.stop_steps)
            self._process = None

    def kill(self) -> None:
        """Kill -9, as a power cut would; start() brings it back on the same port."""
        if self._process is not None:
            kill(self._process)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def spawn(
    argv: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    uid: int | None = None,
    lifeline: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a child; its output is appended to `log`.

    `uid` drops user, group and extra groups (root only). With `lifeline` its standard input is a pipe that closes
    when this process ends, however it ends; a child that watches it never outlives us.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(word) for word in argv],
            stdin=subprocess.PIPE if lifeline else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=None if env is None else dict(env),
            start_new_session=True,
            user=uid,
            group=uid,
            extra_groups=None if uid is None else [],
        )


def stop(process: subprocess.Popen[bytes], steps: Sequence[StopStep]) -> None:
    """Take the steps in turn until the child has ended; SIGKILL after the last. Safe to call twice."""
    for step in steps:
        if process.poll() is not None:
            break
        process.send_signal(step.signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(step.wait_s)
    kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL and wait for the end. Safe to call on a child that has ended."""
    if process.poll() is None:
        process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def await_listener(
    process: subprocess.Popen[bytes], port: int, log: Path, *, timeout_s: float = 10.0
) -> None:
    """Return when `process` listens on `port`; kill it and raise Unavailable when it does not, or has exited."""
    deadline_s = time.monotonic() + timeout_s
    while not is_listening(port):
        if process.poll() is not None or time.monotonic() > deadline_s:
            kill(process)
            raise Unavailable(f"{_name_of(process)} does not start; the end of {log}:\n{log_tail(log)}")
        time.sleep(0.02)


def _name_of(process: subprocess.Popen[bytes]) -> str:
    return shlex.join(str(word) for word in cast("list[str]", process.args))


def dropped_uid() -> int | None:
    """The user id for servers that refuse to run as root; None when we are not root."""
    return NOBODY if os.geteuid() == 0 else None


def log_tail(log: Path) -> str:
    """The last lines of a child's log, for an error text; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""
