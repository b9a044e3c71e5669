"""Boxes for these tests: put together in the process, or run as a process of their own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from edge.settings import load_settings
from edge.wiring import Box

SITE = "jinsha"
ROOT = Path(__file__).parents[3]


def write_config(folder: Path, port: int, box: str = "box-1", **more: Any) -> Path:
    """A box's configuration file in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    config: dict[str, Any] = {
        "site": SITE,
        "box": box,
        "data_dir": "data",
        "broker": {
            "host": "127.0.0.1",
            "port": port,
            "keepalive_s": 2,
            "connect_timeout_s": 2,
            "will_delay_s": 1,
        },
        "clock": "always",
        "health_every_s": 3600,
    }
    config["broker"] |= more.pop("broker", {})
    path = folder / "box.yaml"
    path.write_text(yaml.safe_dump(config | more), encoding="utf-8")
    return path


def write_log(path: Path, readings: int, alarms: int, seconds: float) -> Path:
    """A log of evenly spread readings and alarms."""
    lines: list[dict[str, Any]] = [
        {
            "t_s": n * seconds / readings,
            "device": f"smoke-{n % 5}",
            "metric": "temperature_c",
            "value": float(n),
        }
        for n in range(readings)
    ]
    lines += [
        {
            "t_s": n * seconds / alarms,
            "device": f"smoke-{n % 5}",
            "kind": "smoke",
            "data": {"level": float(n)},
        }
        for n in range(alarms)
    ]
    lines.sort(key=lambda line: float(line["t_s"]))
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@contextmanager
def running_box(config: Path) -> Iterator[Box]:
    box = Box(load_settings(config))
    box.start()
    try:
        yield box
    finally:
        box.stop()


class BoxProcess:
    """`redwhistle-edge run` as a child."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self._log = config.parent / "box.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", "from edge.cli import main; main()", "run", "--config", str(config)],
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
            )

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def terminate(self, timeout_s: float) -> int:
        """SIGTERM; the exit code. Raises subprocess.TimeoutExpired."""
        self._process.terminate()
        return self._process.wait(timeout_s)

    def actions(self) -> list[str]:
        """Of the log's whole lines."""
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["action"] for line in lines if line.startswith("{") and line.endswith("}")]

    def end(self) -> None:
        if self._process.poll() is None:
            self.kill()
