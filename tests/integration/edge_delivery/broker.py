"""A real MQTT 5 broker for one test: Mosquitto where it is installed, the one in the iotcore wheel otherwise.

It keeps nothing on disk: killed, it forgets all. `REDWHISTLE_MOSQUITTO` names a Mosquitto that is not on PATH.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

IOTCORE = """
import sys
from iotcore.iotcore import IotCoreBroker
IotCoreBroker(config_path=sys.argv[1]).run_forever()
"""
IOTCORE_CONFIG = """
id = 0
[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
[v5.test]
name = "v5-test"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[v5.test.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 100
dynamic_filters = true
"""


def find_mosquitto() -> str | None:
    """The program, or None."""
    return os.environ.get("REDWHISTLE_MOSQUITTO") or shutil.which("mosquitto") or _in_sbin()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """A child process on 127.0.0.1; `kill` is kill -9, `start` begins again on the same port."""

    def __init__(self, folder: Path, *, extra: str = "") -> None:
        self.port = free_port()
        self._folder = folder
        self._extra = extra
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = find_mosquitto()
        config = self._folder / "broker.conf"
        if program is not None:
            listener = self._extra or "allow_anonymous true\n"
            config.write_text(
                f"listener {self.port} 127.0.0.1\n{listener}max_inflight_messages 1000\nmax_queued_messages 100000\n"
            )
            command = [program, "-c", str(config)]
        else:
            config = self._folder / "broker.toml"
            config.write_text(IOTCORE_CONFIG.format(port=self.port))
            command = [sys.executable, "-c", IOTCORE, str(config)]
        with (self._folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self._wait_until_open()

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _wait_until_open(self) -> None:
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert self._process is not None
                assert self._process.poll() is None, "the broker ended: see broker.log"
                assert time.monotonic() < end, "the broker does not open its port"
                time.sleep(0.02)


def _in_sbin() -> str | None:
    path = Path("/usr/sbin/mosquitto")
    return str(path) if path.exists() else None
