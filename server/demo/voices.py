"""The simulators of the demo: `redwhistle-edge simulate serve` for each box, told over a pipe what its devices say."""

import json
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from redwhistle.errors import Unavailable
from server.demo.processes import script
from server.demo.story import Beat
from server.embedded.child import log_tail

_STOP_S = 8.0
Heard = Callable[[float, str], None]


class Simulator:
    """Implements `feeder.Voice` for the devices of one box."""

    def __init__(self, name: str, config: Path, log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self._trouble = ""
        self._log = log
        self._asked: deque[tuple[Beat, Heard]] = deque()
        self._lock = threading.Lock()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [script("redwhistle-edge"), "simulate", "--config", config, "serve", "--yes", "--json"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                cwd="/",
                env=dict(environment),
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._read, name=name, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def say(self, beat: Beat, heard: Heard) -> None:
        """Returns at once; `heard` is called when it went out. A simulator that has ended is found by `check`."""
        line = json.dumps(beat.to_json(), ensure_ascii=False).encode() + b"\n"
        with self._lock, suppress(OSError, ValueError):
            self._asked.append((beat, heard))
            if self._process.stdin is not None:
                self._process.stdin.write(line)
                self._process.stdin.flush()

    def check(self) -> None:
        """Raise Unavailable when it has ended by itself."""
        code = self._process.poll()
        if code is not None:
            raise Unavailable(
                f"{self.name} ended by itself (code {code}); the end of {self._log}:\n{log_tail(self._log)}"
            )

    def tail(self) -> str:
        """The end of its log, and what a device could not say last."""
        return f"{log_tail(self._log)}\n{self._trouble}".strip()

    def stop(self) -> None:
        """SIGTERM, then SIGKILL; safe to call twice."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with suppress(ValueError, KeyError, IndexError):
                told = json.loads(line)
                _beat, heard = self._asked.popleft()
                if told["ok"]:
                    heard(told["at_ms"] / 1000, told["sent"][0]["what"])
                else:
                    self._trouble = f"{told['device']} {told['act']}: {told['problem']}"


@contextmanager
def stopped_at_the_end(simulator: Simulator) -> Iterator[Simulator]:
    """Stopped when the block ends."""
    try:
        yield simulator
    finally:
        simulator.stop()
