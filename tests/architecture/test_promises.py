"""docs/promises.md: every promise names the code that keeps it and a test that exists, or says that it is not built."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.architecture.tree import CHECKOUT, read

PROMISES = Path("docs/promises.md")
HEADER = "| promise | kept by | test |"
_TEST = re.compile(r"`(tests/[\w./-]+\.py)::(\w+)`")
_NOT_BUILT = re.compile(r"not built yet \(issue .+\)")
_FILE = re.compile(r"`([\w.-]+(?:/[\w.*-]+)*/?)`")


class Row(NamedTuple):
    line: int
    promise: str
    kept_by: str
    test: str


def _rows() -> list[Row]:
    lines = read(PROMISES).splitlines()
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.startswith("|") or line == HEADER or set(line) <= set("|- :"):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        assert len(cells) == 3, f"{PROMISES}:{number}: three columns are needed: {HEADER}"
        rows.append(Row(number, *cells))
    return rows


def test_the_table_is_there() -> None:
    assert HEADER in read(PROMISES)
    assert _rows()


@pytest.mark.parametrize("row", _rows(), ids=lambda row: f"line-{row.line}")
def test_a_promise_has_a_test_that_exists(row: Row) -> None:
    named = _TEST.findall(row.test)
    if not named:
        assert _NOT_BUILT.fullmatch(row.test), (
            f"{PROMISES}:{row.line}: write `tests/….py::test_name`, or: not built yet (issue …)"
        )
        return
    for path, name in named:
        assert (CHECKOUT / path).is_file(), f"{PROMISES}:{row.line}: there is no {path}"
        assert name in _test_names(path), f"{PROMISES}:{row.line}: {path} has no {name}"


@pytest.mark.parametrize("row", _rows(), ids=lambda row: f"line-{row.line}")
def test_a_promise_kept_names_code_that_exists(row: Row) -> None:
    if _NOT_BUILT.fullmatch(row.test):
        return
    named = _FILE.findall(row.kept_by)
    assert named, f"{PROMISES}:{row.line}: name the file that keeps the promise"
    for path in named:
        assert list(CHECKOUT.glob(path)), f"{PROMISES}:{row.line}: there is no {path}"


def _test_names(path: str) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(read(Path(path))))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
