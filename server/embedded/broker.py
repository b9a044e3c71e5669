"""An MQTT broker from a wheel (`iotcore`, rumqttd inside), in a process of its own: it can be killed and restarted.

It speaks one version of MQTT: 5 by default; 3.1.1 as the local broker of a box, which Zigbee2MQTT and gates speak.

For the demo and for tests: it listens on 127.0.0.1 only, has no access lists and keeps nothing on disk, and past its
segment limit it drops the oldest messages, acknowledged or not. RedWhistle's own acknowledgement survives all that;
production runs Mosquitto or another broker with TLS and access lists (see docker/).

    python -m server.embedded.broker --port 1883
"""

import argparse
import logging
import os
import signal
import sys
import tempfile
import threading
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from redwhistle.contracts.wire import MAX_ENVELOPE_BYTES
from redwhistle.errors import ConfigurationError, Unavailable
from server.embedded.child import ChildServer, StopStep, await_listener, spawn
from server.embedded.ports import LOOPBACK, free_port, is_listening

# Room for the topic and the properties beside the largest envelope.
_MAX_PACKET_BYTES = MAX_ENVELOPE_BYTES + 64 * 1024
_CONFIGURATION = """
id = 0
[router]
id = 0
max_connections = 2000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
[{section}.1]
name = "{section}"
listen = "{host}:{port}"
next_connection_delay_ms = 1
[{section}.1.connections]
connection_timeout_ms = 60000
max_payload_size = {max_packet_bytes}
max_inflight_count = 1000
dynamic_filters = true
"""


class MqttVersion(StrEnum):
    """The version of MQTT that the broker speaks, and no other."""

    V5 = "5"
    V3_1_1 = "3.1.1"

    @property
    def section(self) -> str:
        """What rumqttd's configuration calls its listener."""
        return "v5" if self is MqttVersion.V5 else "v4"


class EmbeddedBroker(ChildServer):
    """The broker as a child process; a context manager that starts and always stops it.

    `port` defaults to a free one, which is then kept for restarts. `folder` takes the child's log.
    """

    stop_steps = (StopStep(signal.SIGTERM, 3.0),)

    def __init__(
        self, folder: Path, *, port: int | None = None, version: MqttVersion = MqttVersion.V5
    ) -> None:
        super().__init__()
        _check_installed()
        self._version = version
        self.folder = folder.resolve()
        self._port = port

    @property
    def port(self) -> int:
        """The port it listens on, or did when it last ran."""
        if self._port is None:
            raise Unavailable("the broker has not been started yet: call start() first")
        return self._port

    @property
    def log(self) -> Path:
        """Where the child's output goes."""
        return self.folder / "broker.log"

    def start(self) -> None:
        """Start and return when it accepts connections; raise Unavailable when it does not come up."""
        if self.running:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._port is None:
            self._port = free_port()
        elif is_listening(self._port):
            raise Unavailable(
                f"port {self._port} of {LOOPBACK} is taken: stop what listens there, or choose another"
            )
        words = [sys.executable, "-m", "server.embedded.broker", "--port", str(self._port)]
        words += ["--mqtt", self._version.value, "--lifeline"]
        # Our packages may lie in a checkout that is not installed, and the child starts in `/`.
        ours = str(Path(__file__).resolve().parents[2])
        env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (ours, os.environ.get("PYTHONPATH"))))}
        self._process = spawn(words, log=self.log, env=env, lifeline=True)
        await_listener(self._process, self._port, self.log)


def main(argv: list[str] | None = None) -> None:
    """Run the broker in this process until it is stopped."""
    parser = argparse.ArgumentParser(
        prog="python -m server.embedded.broker",
        description="An MQTT broker on 127.0.0.1 for demonstrations: no access lists, nothing kept on disk.",
        epilog="example: python -m server.embedded.broker --port 1883",
    )
    parser.add_argument("--port", type=int, default=1883, help="TCP port on 127.0.0.1 (default: %(default)s)")
    parser.add_argument(
        "--mqtt",
        type=MqttVersion,
        choices=list(MqttVersion),
        default=MqttVersion.V5,
        help="the version it speaks (default: %(default)s)",
    )
    parser.add_argument("--lifeline", action="store_true", help="end when standard input closes")
    options = parser.parse_args(argv)
    _check_installed()
    if options.lifeline:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    _run(options.port, options.mqtt)


def _run(port: int, version: MqttVersion) -> None:
    from iotcore.iotcore import IotCoreBroker

    logging.basicConfig(level=logging.WARNING)
    # rumqttd wraps each packet in an error-level span; only its failures are wanted.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="redwhistle-broker-") as folder:
        file = Path(folder) / "broker.toml"
        file.write_text(
            _CONFIGURATION.format(
                host=LOOPBACK, port=port, section=version.section, max_packet_bytes=_MAX_PACKET_BYTES
            ),
            encoding="ascii",
        )
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        broker = IotCoreBroker(config_path=str(file))
    broker.run_forever()


def _end_with_parent() -> None:
    """Block until the parent's end of the pipe closes, then end at once."""
    sys.stdin.buffer.read()
    os._exit(0)


def _check_installed() -> None:
    if find_spec("iotcore") is None:
        raise ConfigurationError('the embedded broker is not installed: pip install "redwhistle[demo]"')


if __name__ == "__main__":
    main()
