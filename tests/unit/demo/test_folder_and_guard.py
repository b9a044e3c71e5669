"""The demo's folder is its own, and nothing that carries its mark outlives it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.servers.folder import server_folder
from bench.servers.waiting import wait_for
from redwhistle.errors import ConfigurationError
from server.demo.folder import MARKER, held_folder
from server.demo.guard import MARK, end_all, guarded, left_over
from server.demo.processes import Troupe, clean_environment, script

SLEEPER = "import signal, sys, time\nprint('up', flush=True)\ntime.sleep(600)"
STUBBORN = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{SLEEPER}"


def _start(folder: Path, program: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", program], env={**os.environ, MARK: str(folder)}, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with _start(tmp_path, SLEEPER) as process:
        yield process
        process.kill()


def test_a_new_folder_is_made_and_an_own_one_emptied(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "run"
    with held_folder(folder) as held:
        (held / "sub").mkdir()
        (held / "sub" / "file").write_text("old")
        (held / "link").symlink_to(tmp_path)
    with held_folder(folder) as held:
        assert [entry.name for entry in held.iterdir()] == [MARKER]
    assert tmp_path.is_dir()


def test_a_folder_with_somebody_elses_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match="--data-dir"), held_folder(tmp_path):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_one_demo_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with held_folder(folder):
        with pytest.raises(ConfigurationError, match="another demo runs"), held_folder(folder):
            pass
        assert (folder / MARKER).exists()
    with held_folder(folder):
        pass


@given(name=st.text(min_size=1, max_size=300))
def test_any_name_gives_a_folder_or_our_own_error(name: str) -> None:
    with (
        server_folder("names") as base,
        suppress(ConfigurationError),
        held_folder(base / name.replace("/", "_").replace("..", "_")) as folder,
    ):
        assert folder.is_dir()


def test_what_an_earlier_demo_left_running_is_stopped(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    assert left_over(tmp_path) == [sleeper.pid]
    (tmp_path / MARKER).touch()
    with held_folder(tmp_path):
        assert sleeper.wait(5) != 0
    assert left_over(tmp_path) == []


def test_another_folders_demo_is_left_alone(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    assert end_all(tmp_path / "other") == []
    assert end_all(tmp_path.parent) == []
    assert sleeper.poll() is None


def test_what_does_not_listen_is_killed(tmp_path: Path) -> None:
    with _start(tmp_path, STUBBORN) as process:
        assert end_all(tmp_path, ask_s=0.3) == [process.pid]
        assert process.wait(5) == -signal.SIGKILL


def test_the_guard_ends_what_is_left_when_its_demo_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, subprocess, sys, time; from pathlib import Path; from server.demo.guard import MARK, guarded\n"
        "folder = Path(sys.argv[1])\n"
        "with guarded(folder, folder / 'guard.log'):\n"
        "    words = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "    subprocess.Popen(words, env={**os.environ, MARK: str(folder)}, stdout=subprocess.DEVNULL)\n"
        "    print('up', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as demo:
        assert demo.stdout is not None
        assert demo.stdout.readline() == b"up\n"
        wait_for(lambda: left_over(tmp_path), what="the child")
        demo.kill()
    wait_for(lambda: not left_over(tmp_path), what="the child's end")


def test_the_guard_has_nothing_to_do_after_an_orderly_end(tmp_path: Path) -> None:
    with guarded(tmp_path, tmp_path / "guard.log"):
        pass
    assert (tmp_path / "guard.log").read_text() == ""


def test_settings_of_another_installation_do_not_leak_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDWHISTLE_DATABASE_URL", "postgresql://production/redwhistle")
    made = clean_environment(tmp_path, {"REDWHISTLE_MQTT_PORT": "1"})
    assert "REDWHISTLE_DATABASE_URL" not in made
    assert made["REDWHISTLE_MQTT_PORT"] == "1"
    assert made[MARK] == str(tmp_path)


def test_a_command_that_is_not_installed_is_named() -> None:
    assert script("redwhistle").name == "redwhistle"
    with pytest.raises(ConfigurationError, match="redwhistle-nothing is not installed"):
        script("redwhistle-nothing")


def test_stopping_a_troupe_twice_is_fine(tmp_path: Path) -> None:
    troupe = Troupe(tmp_path, clean_environment(tmp_path, {}))
    troupe.start("sleeper", [sys.executable, "-c", SLEEPER])
    troupe.check()
    troupe.stop()
    troupe.stop()
    troupe.kill()
    assert left_over(tmp_path) == []
