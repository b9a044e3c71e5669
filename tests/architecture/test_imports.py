"""Who imports whom, and what pure code may touch."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import CHECKOUT, python_files, read

# No IO, no clock, no chance: time and everything else comes in as an argument. Globs over paths in the checkout.
PURE = (
    "edge/agent/detectors/decode.py",
    "edge/agent/gbt26875/*.py",
    "edge/agent/observation.py",
    "edge/agent/policy.py",
    "edge/agent/policy/*.py",
    "redwhistle/contracts/*.py",
    "redwhistle/errors.py",
    "redwhistle/places.py",
    "redwhistle/places/*.py",
    "redwhistle/ranges.py",
    "server/alerts/engine*.py",
    "server/alerts/engine/*.py",
    "server/alerts/model*.py",
    "server/alerts/model/*.py",
    "server/alerts/ledger.py",
    "server/alerts/queue*.py",
    "server/alerts/records.py",
    "server/alerts/terms.py",
    "server/alerts/work_item.py",
    "server/api/stream/cursor.py",
    "server/api/stream/fan.py",
    "server/api/stream/frames.py",
    "server/api/stream/mirror.py",
    "server/dispatch/pacing.py",
    "server/alerts/queue/*.py",
    "server/alerts/rules*.py",
    "server/alerts/rules/*.py",
    "server/records/*.py",
    "server/rights/*.py",
)
# Beside pure code, but files are their business.
READS_FILES = {
    "redwhistle/places/files.py": "finds and reads the files of a tree of places",
    "redwhistle/places/text_file.py": "reads bytes of a file and finds their encoding",
    "server/alerts/rules/pack.py": "reads the default pack that is shipped beside it",
}
_WORDS = (
    "aiohttp asyncio cv2 fastapi fcntl glob http httpx logging multiprocessing onnxruntime os paho "
    "pathlib psycopg psycopg_pool random requests secrets select shutil signal socket sqlite3 ssl "
    "structlog subprocess sys tempfile threading time urllib "
)
FORBIDDEN_IN_PURE = frozenset(_WORDS.split())
FORBIDDEN_CALLS = frozenset(
    {"now", "utcnow", "today", "open", "read_bytes", "read_text", "write_bytes", "write_text"}
)
FORBIDDEN_BUILTINS = frozenset({"open", "print", "input", "exec", "eval", "__import__"})
SHARED = (
    "redwhistle/contracts/",
    "redwhistle/places/",
    "redwhistle/places.py",
    "redwhistle/clock.py",
    "redwhistle/errors.py",
)


@pytest.mark.slow
def test_layers_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "path",
    [p for p in python_files() if any(p.match(pure) for pure in PURE) and p.as_posix() not in READS_FILES],
    ids=str,
)
def test_pure_code_touches_nothing(path: Path) -> None:
    assert list(_impurities(ast.parse(read(path)))) == []


@pytest.mark.parametrize(
    "program",
    [
        "import time",
        "from os import path",
        "import concurrent.futures, socket",
        "from datetime import datetime\ndatetime.now()",
        "import datetime as dt\ndt.datetime.utcnow()",
        "from datetime import date\ndate.today()",
        "def f():\n    import sqlite3",
        "open('x')",
        "import io\nio.open('x')",
    ],
)
def test_the_search_for_impurity_finds_it(program: str) -> None:
    assert list(_impurities(ast.parse(program)))


def test_files_named_as_exceptions_exist_or_are_not_named() -> None:
    known = {path.as_posix() for path in python_files()}
    folders = {path.rsplit("/", 1)[0] for path in known}
    stale = [path for path in READS_FILES if path not in known and path.rsplit("/", 1)[0] in folders]
    assert stale == [], "take these out of READS_FILES"


def test_the_shared_package_needs_pydantic_and_nothing_else() -> None:
    allowed = set(sys.stdlib_module_names) | {"pydantic", "pydantic_core", "redwhistle"}
    found = {
        f"{path}: {name}"
        for path in python_files("redwhistle")
        if path.as_posix().startswith(SHARED)
        for name, _ in _imports(ast.parse(read(path)))
        if name.split(".")[0] not in allowed
    }
    assert found == set()


@pytest.mark.slow
def test_nothing_that_is_shipped_or_measured_imports_tests() -> None:
    found = {
        str(path)
        for path in python_files("redwhistle", "edge", "server", "bench", "docker", "models")
        for name, _ in _imports(ast.parse(read(path)))
        if name.split(".")[0] in {"tests", "pytest"}
        or (path.parts[0] != "bench" and name.split(".")[0] == "bench")
    }
    assert found == set()


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            yield node.module, node.lineno


def _impurities(tree: ast.AST) -> Iterator[str]:
    for name, line in _imports(tree):
        if name.split(".")[0] in FORBIDDEN_IN_PURE:
            yield f"line {line}: import {name}"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in FORBIDDEN_CALLS:
            yield f"line {node.lineno}: {function.attr}()"
        elif isinstance(function, ast.Name) and function.id in FORBIDDEN_BUILTINS:
            yield f"line {node.lineno}: {function.id}()"
