"""Servers as direct children: started in a session of their own, stopped step by step, killed for good.

A session of its own keeps the terminal's Ctrl-C away from the child: the parent decides when it stops. A direct
child can be waited for, so none is left behind as a zombie.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

NOBODY = 65534
_TAIL_BYTES = 4096


class StopStep(NamedTuple):
    """Send `signal`, then wait `wait_s` seconds for the end before the next step."""

    signal: signal.Signals
    wait_s: float


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
