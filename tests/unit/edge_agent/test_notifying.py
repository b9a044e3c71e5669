"""systemd's protocol, the watchdog's pulse, the unit file, and the metrics' door."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from edge.agent.metrics import Gauge, MetricsDoor, render
from edge.agent.notifying import Notifier
from redwhistle.errors import SourceError
from tests.recording import RecordingSink
from tests.unit.edge_actuators.desk import wait_for
from tests.unit.edge_gpio.watching import running

CHECKOUT = Path(__file__).resolve().parents[3]
UNIT = CHECKOUT / "docker" / "systemd" / "redwhistle-edge.service"


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """The service manager's end, and the name that it gives to the service."""
    name = str(tmp_path / "notify") if request.param == "path" else f"\0redwhistle-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(name)
        made.settimeout(10)
        yield made, name.replace("\0", "@", 1)


def test_systemd_hears_what_it_is_told(systemd: tuple[socket.socket, str]) -> None:
    manager, name = systemd
    notifier = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "60000000"})
    assert notifier.watchdog_every_s == 30
    notifier.ready()
    notifier.alive()
    notifier.status("two\nlines")
    notifier.stopping()
    heard = [manager.recv(1000) for _ in range(4)]
    assert heard == [b"READY=1", b"WATCHDOG=1", b"STATUS=two lines", b"STOPPING=1"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"WATCHDOG_USEC": "x"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"},
        {"NOTIFY_SOCKET": "/no/such/socket"},
        {"NOTIFY_SOCKET": "@" + "x" * 500},
    ],
)
def test_without_systemd_nothing_happens(given: dict[str, str]) -> None:
    notifier = Notifier(given)
    notifier.ready()
    assert notifier.watchdog_every_s is None


@pytest.mark.servers
def test_a_box_under_systemd_is_ready_lives_and_stops(
    systemd: tuple[socket.socket, str], tmp_path: Path
) -> None:
    manager, name = systemd
    config = {
        "site": "jinsha",
        "box": "box-1",
        "data_dir": "data",
        "broker": {"host": "127.0.0.1", "port": 1},
    }
    (tmp_path / "box.yaml").write_text(yaml.safe_dump(config))
    words = [
        sys.executable,
        "-c",
        "from edge.cli import main; main()",
        "run",
        "-c",
        str(tmp_path / "box.yaml"),
    ]
    given = os.environ | {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "3000000", "PYTHONPATH": str(CHECKOUT)}
    process = subprocess.Popen(words, env=given, stderr=subprocess.DEVNULL)
    try:
        manager.settimeout(60)
        assert [manager.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        process.terminate()
        while manager.recv(100) != b"STOPPING=1":
            pass
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    text = UNIT.read_text(encoding="utf-8").replace("/opt/redwhistle/bin/redwhistle-edge", "/bin/true")
    unit = tmp_path / UNIT.name
    unit.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert UNIT.name not in done.stderr
    assert "WatchdogSec" in text


def test_metrics_are_text_that_a_collector_reads() -> None:
    text = render([Gauge("a", "Help.", [({}, 1.0), ({"x": 'q"\\\n'}, 2.5)]), Gauge("b", "None.")])
    assert text == (
        "# HELP redwhistle_edge_a Help.\n# TYPE redwhistle_edge_a gauge\n"
        'redwhistle_edge_a 1\nredwhistle_edge_a{x="q\\"\\\\\\n"} 2.5\n'
        "# HELP redwhistle_edge_b None.\n# TYPE redwhistle_edge_b gauge\n"
    )


def test_the_metrics_door_answers_on_loopback_and_nothing_else() -> None:
    door = MetricsDoor(0, lambda: [Gauge("up", "1.", [({}, 1.0)])])
    with running(door):
        wait_for(lambda: door.port, "it listens")
        for path, status in (("/metrics", 200), ("/", 404), ("/metrics/x", 404)):
            connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)
            connection.request("GET", path)
            answer = connection.getresponse()
            assert (answer.status, b"redwhistle_edge_up 1" in answer.read()) == (status, status == 200)
            connection.close()
        with pytest.raises(SourceError, match="taken"):
            MetricsDoor(door.port, list).run(RecordingSink(), threading.Event())
