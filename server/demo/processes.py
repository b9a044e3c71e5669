"""The demo's real processes: `redwhistle serve` and a `redwhistle-edge run` for each box, and commands run to their end."""

import json
import os
import signal
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import which
from typing import Any

from redwhistle.errors import ConfigurationError, Unavailable
from server.demo.guard import MARK
from server.embedded.child import StopStep, kill, log_tail, spawn, stop

_STOP_STEPS = (StopStep(signal.SIGTERM, 8.0),)
_COMMAND_S = 30.0


def script(name: str) -> Path:
    """One of the installed commands, of this very environment. Raises ConfigurationError when it is not there."""
    found = which(name, path=sysconfig.get_path("scripts"))
    if found is None:
        raise ConfigurationError(f'the command {name} is not installed here: pip install "redwhistle[demo]"')
    return Path(found)


def clean_environment(folder: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Ours without RedWhistle's own settings, which belong to other installations; with the demo's mark."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REDWHISTLE_")}
    return {**kept, **given, MARK: str(folder)}


class Troupe:
    """The processes of one demo; `check` says at once when one has ended by itself."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self.environment = dict(environment)
        """Of every process."""
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, words: Sequence[str | Path]) -> int:
        """Start a process under this name, its log in `<name>.log`; return its process id."""
        process = spawn(words, log=self.log(name), env=self.environment)
        self._running[name] = process
        return process.pid

    def log(self, name: str) -> Path:
        """Where a process's output goes."""
        return self._folder / f"{name}.log"

    def check(self) -> None:
        """Raise Unavailable, with the end of its log, when a process has ended."""
        for name, process in self._running.items():
            code = process.poll()
            if code is not None:
                raise Unavailable(
                    f"{name} ended by itself (code {code}); the end of {self.log(name)}:\n{log_tail(self.log(name))}"
                )

    def tails(self) -> Iterator[tuple[str, str]]:
        """The name of each process and the end of its log."""
        for name in self._running:
            yield name, log_tail(self.log(name))

    def stop(self) -> None:
        """Ask all at once, then wait for each. The boxes stop first, so that what they still send finds a server."""
        boxes = {name: process for name, process in self._running.items() if name != "server"}
        for group in (boxes, {n: p for n, p in self._running.items() if n == "server"}):
            for process in group.values():
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
            for process in group.values():
                stop(process, _STOP_STEPS)
        self._running.clear()

    def kill(self) -> None:
        """SIGKILL to all."""
        for process in self._running.values():
            kill(process)
        self._running.clear()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Stopped when the block ends; killed if stopping is broken off."""
        try:
            yield
        finally:
            try:
                self.stop()
            finally:
                self.kill()

    def run_command(self, *words: str) -> Any:
        """`redwhistle … --json` as a process of its own: what it printed. Raises Unavailable when it fails."""
        shown = f"redwhistle {' '.join(words)}"
        try:
            done = subprocess.run(
                [script("redwhistle"), *words, "--json"],
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=_COMMAND_S,
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"`{shown}` did not end within {_COMMAND_S:.0f} s") from error
        if done.returncode != 0:
            raise Unavailable(f"`{shown}` failed (code {done.returncode}): {done.stderr or done.stdout}")
        return json.loads(done.stdout)
