"""House marks that a file listing or a search can check."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import CHECKOUT, python_files, read, text_files, tracked_files

MAX_LINES = 400
LONGER_WITH_REASON = {
    "server/web/src/generated/api.d.ts": "made from the OpenAPI document, and checked for drift"
}
"""Path → why this file may be longer."""
CODE = {".py", ".sh", ".ts", ".vue", ".css"}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "core", "misc"}
NO_PACKAGES = ("docker", "tests", "models", "firmware-config")
# Written in two halves, so that this file does not find itself.
REGISTRIES = tuple(
    left + right
    for left, right in (
        ("pypi", ".org"),
        ("python", "hosted.org"),
        ("npm", "js.org"),
        ("npm", "js.com"),
        ("npm", "mirror.com"),
        ("yarn", "pkg.com"),
        ("deb.", "debian.org"),
        ("snapshot.", "debian.org"),
        ("security.", "debian.org"),
        ("proxy.", "golang.org"),
    )
)
DEVELOPERS_PATH = re.compile(r"""(?:^|[\s"'`(=:,\[])/(?:work|root|home|Users)/(?!usr/|etc)\w""", re.MULTILINE)


def test_names_say_what_is_inside() -> None:
    found = [
        str(path) for path in tracked_files() if path.suffix in CODE and path.stem.lower() in FORBIDDEN_NAMES
    ]
    folders = {
        str(path.parent)
        for path in tracked_files()
        if path.suffix in CODE and path.parent.name in FORBIDDEN_NAMES
    }
    assert found == []
    assert folders == set()


def test_a_file_has_one_reason_to_change() -> None:
    lines = {path.as_posix(): read(path).count("\n") for path in tracked_files() if path.suffix in CODE}
    long = {
        path: count for path, count in lines.items() if count > MAX_LINES and path not in LONGER_WITH_REASON
    }
    assert long == {}, f"split these, or say in LONGER_WITH_REASON why they may have over {MAX_LINES} lines"
    stale = [path for path in LONGER_WITH_REASON if lines.get(path, 0) <= MAX_LINES]
    assert stale == [], "no longer long: take them out of LONGER_WITH_REASON"


def test_only_what_is_shipped_is_a_package() -> None:
    found = [
        str(path) for path in tracked_files() if path.name == "__init__.py" and path.parts[0] in NO_PACKAGES
    ]
    assert found == []
    shipped = {path.parent for path in python_files("redwhistle", "edge", "server", "bench")}
    missing = [str(folder) for folder in shipped if not (CHECKOUT / folder / "__init__.py").exists()]
    assert missing == []


def test_no_registry_is_named() -> None:
    found = [f"{path}: {host}" for path in text_files() for host in REGISTRIES if host in read(path)]
    assert found == []


def test_no_path_of_somebodys_machine_is_named() -> None:
    found = [
        f"{path}: {match.group()!r}"
        for path in text_files()
        for match in DEVELOPERS_PATH.finditer(read(path))
    ]
    assert found == []


@pytest.mark.parametrize("place", ["work", "root", "home", "Users"])
def test_the_search_for_paths_finds_them(place: str) -> None:
    for text in (f'open("/{place}/x")', f"cd /{place}/y", f"path: /{place}/me"):
        assert DEVELOPERS_PATH.search(text)
    assert not DEVELOPERS_PATH.search('"$new"/root/usr/lib')


def test_a_silenced_check_says_which() -> None:
    bare = re.compile(r"#\s*(?:type:\s*ignore(?!\[)|noqa(?!:\s*[A-Z]+[0-9]+))")
    found = [
        f"{path}:{number}"
        for path in python_files()
        for number, line in enumerate(read(path).splitlines(), 1)
        if bare.search(line) and path != Path("tests/architecture/test_files.py")
    ]
    assert found == []


def test_text_is_utf8_with_unix_line_ends_and_a_last_line_break() -> None:
    found = [
        str(path)
        for path in text_files()
        if (data := (CHECKOUT / path).read_bytes())
        and (b"\r\n" in data or not data.endswith(b"\n"))
        and path.suffix not in {".csv", ".json", ".geojson"}
    ]
    assert found == []
