"""A child process of a benchmark: told its task as JSON, it says when it is ready, waits for the word, and answers JSON."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from bench.servers.installed import CHECKOUT

READY, GO = "ready", "go"


class Child:
    """The parent's end."""

    def __init__(self, module: str, process: "subprocess.Popen[str]") -> None:
        self._module = module
        self._process = process

    def go(self) -> None:
        """Let it begin."""
        _write(self._pipe(self._process.stdin), GO)

    def answer(self) -> dict[str, Any]:
        """Its answer; waits until it has ended. Raises RuntimeError when it ends without one."""
        return dict(json.loads(self._read()))

    def await_ready(self) -> None:
        """Return when it is ready; raise RuntimeError when it ends before."""
        if (line := self._read()) != READY:
            raise RuntimeError(f"{self._module} said {line!r} instead of {READY!r}")

    def _read(self) -> str:
        line = self._pipe(self._process.stdout).readline()
        if not line:
            raise RuntimeError(f"{self._module} ended with {self._process.wait(10)}; its words are above")
        return line.strip()

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


@contextmanager
def running_child(module: str, task: Mapping[str, Any]) -> Iterator[Child]:
    """Start `python -m module` with its task; it is ready when this yields, and gone afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, json.dumps(task)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        child = Child(module, process)
        child.await_ready()
        yield child
    finally:
        process.kill()
        process.communicate()


def read_task() -> dict[str, Any]:
    """In the child: its task."""
    return dict(json.loads(sys.argv[1]))


def await_go() -> None:
    """In the child: say that it is ready and wait for the word; exit when the parent is gone."""
    _write(sys.stdout, READY)
    if sys.stdin.readline().strip() != GO:
        sys.exit(1)


def give_answer(answer: Mapping[str, Any]) -> None:
    """In the child: the last line."""
    _write(sys.stdout, json.dumps(answer))


def _write(pipe: IO[str], line: str) -> None:
    pipe.write(line + "\n")
    pipe.flush()
