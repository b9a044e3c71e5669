"""README: the table of the way of one event names what exists, in both languages, in the same order."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import CHECKOUT, read

READMES = (Path("README.md"), Path("README.zh-CN.md"))
_PATH = re.compile(r"`((?:edge|server|redwhistle)/[\w./-]+)`")


def way(readme: Path) -> list[list[str]]:
    """The paths in the second column of each row of the table."""
    return [
        _PATH.findall(line.strip("|").split("|")[1])
        for line in read(readme).splitlines()
        if line.startswith("|") and "`" in line
    ]


@pytest.mark.parametrize("readme", READMES, ids=str)
def test_the_way_of_one_event_names_what_exists(readme: Path) -> None:
    rows = way(readme)
    assert len(rows) >= 11
    for row in rows:
        for path in row:
            assert (CHECKOUT / path).exists(), f"{readme}: there is no {path}"


def test_both_languages_show_the_same_way() -> None:
    assert way(READMES[0]) == way(READMES[1])


@pytest.mark.parametrize("readme", READMES, ids=str)
def test_links_lead_somewhere(readme: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", read(readme)):
        assert (CHECKOUT / target).exists(), f"{readme}: {target} is not there"
