"""`redwhistle demo` as a user starts it: it shows the whole way, and it leaves nothing behind, however it ends."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import yaml

from bench.servers.waiting import wait_for
from server.demo.director import CHECKOUT, CLIP
from server.demo.inspection import READ, WANTED
from server.embedded.ports import is_listening

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]

STARTS_WITHIN_S = 90.0
STOPS_WITHIN_S = 30.0
HEARD = "两个边缘盒在线"
"""Printed when both boxes are online."""


@pytest.fixture(scope="module", autouse=True)
def _clip() -> None:
    if not CLIP.is_file():
        program = [sys.executable, str(CHECKOUT / "docker" / "demo_clip.py"), str(CLIP)]
        subprocess.run(program, check=True)


class Demo:
    """A running demo with what it printed so far."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder
        self.output = folder.with_suffix(".out")
        command = Path(sys.executable).with_name("redwhistle")
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [command, "demo", "--data-dir", folder, *words],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def printed(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_for_text(self, text: str) -> None:
        def look() -> bool:
            assert self.process.poll() is None, self.printed
            return text in self.printed

        wait_for(look, timeout_s=STARTS_WITHIN_S, what=text)

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOPS_WITHIN_S)


@contextmanager
def started(folder: Path, *words: str) -> Iterator[Demo]:
    demo = Demo(folder, *words)
    try:
        yield demo
    finally:
        demo.process.kill()
        demo.process.wait()
        for process in family(folder):  # where the test failed: nothing may disturb the next one
            with suppress(psutil.NoSuchProcess):
                process.kill()


def family(folder: Path) -> list[psutil.Process]:
    """Every process that names the folder on its command line or in its environment; zombies do not count."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            texts = [*process.cmdline(), *process.environ().values()]
            if any(str(folder) in text for text in texts) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def ports_of(folder: Path) -> set[int]:
    """What the demo's servers listen on, as its files say."""
    url = (folder / "server" / "database-url").read_text()
    console = (folder / "server" / "console-url").read_text()
    ports = {int(re.findall(r":(\d+)/", address)[0]) for address in (url, console)}
    for file in folder.glob("*/box.yaml"):
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
        ports.add(settings["broker"]["port"])
        for source in settings["sources"]:
            door = {"gate_http": source.get("port"), "gbt26875": source.get("tcp_port")}.get(source["type"])
            ports |= {door} if door else set()
            ports |= {source[line]["port"] for line in ("broker", "tcp") if line in source}
    assert len(ports) == 8
    return ports


def expect_nothing_left(folder: Path) -> None:
    wait_for(lambda: not family(folder), timeout_s=STOPS_WITHIN_S, what="the end of all processes")
    assert not [port for port in ports_of(folder) if is_listening(port)]


def run_demo(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A demo that ends by itself."""
    return subprocess.run(
        [Path(sys.executable).with_name("redwhistle"), "demo", "--data-dir", folder, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def test_a_check_sees_every_kind_of_input_in_the_queue(server_path: Path) -> None:
    folder = server_path / "run"
    done = run_demo(folder, "--check", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["ok"] is True
    assert found["missing"] == []
    assert all(found["alerts"][name] for name in WANTED)
    assert all(found["readings"][family.value] for family in READ)
    assert found["crowd_basis"] in {"people", "moving_regions"}
    assert found["rows"]["readings"] > 10
    assert found["rows"]["events"] > 5
    assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["max"]
    assert [act.split()[:2] for act in found["acts"]] == [
        ["张伟", "claim"],
        ["李娜", "claim"],
        ["张伟", "resolve"],
        ["张伟", "close"],
    ]
    assert found["acts"][1].endswith("already_claimed, 张伟")
    expect_nothing_left(folder)


def test_it_stays_on_loopback_shares_no_folder_and_ctrl_c_leaves_nothing(server_path: Path) -> None:
    folder = server_path / "run"
    with started(folder) as demo:
        demo.wait_for_text(HEARD)
        listening = {
            connection.laddr
            for process in family(folder)
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }
        assert {address.ip for address in listening} == {"127.0.0.1"}
        assert {address.port for address in listening} == ports_of(folder)
        other = run_demo(folder)
        assert other.returncode == 1
        assert "another demo runs" in other.stderr
        assert demo.interrupt() == 0
        expect_nothing_left(folder)


@pytest.mark.parametrize("moment", ["", "PostgreSQL", "redwhistle serve"])
def test_ctrl_c_while_it_starts_leaves_nothing(server_path: Path, moment: str) -> None:
    folder = server_path / "run"
    with started(folder) as demo:
        wait_for((folder / "server").is_dir, timeout_s=STARTS_WITHIN_S, what="the folder")
        demo.wait_for_text(moment)
        assert demo.interrupt() == 0, demo.printed
        wait_for(lambda: not family(folder), timeout_s=STOPS_WITHIN_S, what="the end of all processes")


@pytest.mark.faults
def test_killed_while_it_starts_it_leaves_nothing(server_path: Path) -> None:
    folder = server_path / "run"
    with started(folder) as demo:
        demo.wait_for_text("PostgreSQL")
        os.kill(demo.process.pid, signal.SIGKILL)
        demo.process.wait()
        wait_for(lambda: not family(folder), timeout_s=STOPS_WITHIN_S, what="the end of all processes")


@pytest.mark.faults
def test_killed_it_leaves_nothing_and_starts_again_and_ends_by_itself(server_path: Path) -> None:
    folder = server_path / "run"
    with started(folder) as demo:
        demo.wait_for_text(HEARD)
        os.kill(demo.process.pid, signal.SIGKILL)
        demo.process.wait()
        expect_nothing_left(folder)
    again = run_demo(folder, "--minutes", "0.1", "--json")
    assert again.returncode == 0, again.stderr
    lines = [json.loads(line) for line in again.stdout.splitlines()]
    assert {"what", "alert", "item", "grid", "latency_ms"} <= lines[0].keys()
    expect_nothing_left(folder)


@pytest.mark.faults
def test_it_ends_and_says_so_when_a_box_dies(server_path: Path) -> None:
    folder = server_path / "run"
    with started(folder) as demo:
        demo.wait_for_text(HEARD)
        config = str(folder / "jinhe-1" / "box.yaml")
        (box,) = (p for p in family(folder) if {"run", config} <= set(p.cmdline()))
        box.kill()
        assert demo.process.wait(STOPS_WITHIN_S) == 1
        assert "jinhe-1 ended by itself" in demo.printed
        expect_nothing_left(folder)


def _a_file(path: Path) -> Path:
    path.write_text("mine")
    return path


def _below_a_file(path: Path) -> Path:
    return _a_file(path) / "run"


def _unwritable(_path: Path) -> Path:
    return Path("/proc/redwhistle-demo")


def _somebody_elses(path: Path) -> Path:
    path.mkdir()
    (path / "thesis.txt").write_text("mine")
    return path


@pytest.mark.parametrize("make", [_a_file, _below_a_file, _unwritable, _somebody_elses])
def test_a_folder_that_cannot_be_used_is_refused_in_a_sentence(
    server_path: Path, make: Callable[[Path], Path]
) -> None:
    folder = make(server_path / "given")
    done = run_demo(folder)
    assert done.returncode == 1
    assert "--data-dir" in done.stderr
    assert "Traceback" not in done.stderr
    if make is _somebody_elses:
        assert (folder / "thesis.txt").read_text() == "mine"
