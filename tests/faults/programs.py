"""The project's own commands as child processes: started, killed, started again; their logs read."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from server.embedded.child import StopStep, kill, spawn, stop

ROOT = Path(__file__).resolve().parents[2]
TAIL_LINES = 15


class Program:
    """`words` under this interpreter, output appended to `log`. kill() is SIGKILL; start() after it is a restart."""

    def __init__(
        self, name: str, words: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log
        self._words = [sys.executable, *words]
        self._env = environment() | dict(env or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._begins_at = 0

    @property
    def running(self) -> bool:
        """Whether the child is alive (a stopped one counts)."""
        return self._process is not None and self._process.poll() is None

    def set_env(self, **more: str) -> None:
        """Add to the environment of the next start."""
        self._env |= more

    def start(self) -> None:
        """Start; does nothing while it runs."""
        if self.running:
            return
        self._begins_at = self.log.stat().st_size if self.log.exists() else 0
        self._process = spawn(self._words, log=self.log, env=self._env)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        if self._process is not None:
            kill(self._process)

    def freeze(self) -> None:
        """SIGSTOP: it stands, its connections stay open, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def end(self) -> int:
        """SIGTERM, SIGKILL after eight seconds; the exit code."""
        assert self._process is not None
        stop(self._process, (StopStep(signal.SIGTERM, 8.0),))
        return int(self._process.returncode)

    def lines(self) -> list[dict[str, Any]]:
        """The log's JSON lines since the last start."""
        if not self.log.exists():
            return []
        with self.log.open("rb") as file:
            file.seek(self._begins_at)
            text = file.read().decode("utf-8", "replace")
        whole = [line for line in text.splitlines() if line.startswith("{") and line.endswith("}")]
        return [json.loads(line) for line in whole]

    def count(self, action: str) -> int:
        """How often the log says `action` since the last start."""
        return sum(line.get("action") == action for line in self.lines())

    def tail(self) -> str:
        """The end of the log, for a failing test."""
        if not self.log.exists():
            return f"--- {self.name}: no log"
        text = self.log.read_text("utf-8", "replace").splitlines()
        code = None if self._process is None else self._process.returncode
        state = "runs" if self.running else f"does not run, exit code {code}"
        return "\n".join([f"--- {self.name} ({state})", *(line[:400] for line in text[-TAIL_LINES:])])


def environment() -> dict[str, str]:
    """Ours without settings that somebody may have exported."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REDWHISTLE_")}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1"}


def command(words: Sequence[str | Path], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """`redwhistle …` to its end; nothing is checked."""
    return subprocess.run(
        [sys.executable, "-c", "from redwhistle.cli import main; main()", *map(str, words)],
        env=environment() | dict(env),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
