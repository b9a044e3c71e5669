"""Every configuration that the box's pages show is one, and every simulation that they name can be sent from it."""

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from edge.cli import app

CHECKOUT = Path(__file__).resolve().parents[3]
DOCS = CHECKOUT / "docs"
PAGES = [
    *(DOCS / f"{name}.md" for name in ("box", "camera", "camera-reading", "evidence")),
    *sorted((DOCS / "sensors").glob("*.md")),
]
_IDENTITY = {"site": "jinsha", "box": "jinsha-1", "data_dir": "data", "broker": {"host": "broker.example"}}
_BLOCK = re.compile(r"^( *)```yaml\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_SIMULATION = re.compile(r"redwhistle-edge simulate (-c box\.yaml [^`\n]+)`")


def configurations(page: Path) -> list[dict[str, Any]]:
    """The page's blocks that have sources or actuators, whole: what a block leaves out is put in."""
    found = []
    for indent, block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        content = yaml.safe_load(re.sub(f"^{indent}", "", block, flags=re.MULTILINE))
        if {"sources", "actuators"} & content.keys():
            found.append(_IDENTITY | content)
    return found


def write(configuration: dict[str, Any], folder: Path) -> Path:
    """`box.yaml` with the files that must be there for it: maps and clips."""
    for example in (CHECKOUT / "firmware-config" / "modbus").glob("*.yaml"):
        shutil.copy(example, folder)
    path = folder / "box.yaml"
    path.write_text(yaml.safe_dump(configuration, allow_unicode=True), encoding="utf-8")
    for clip in re.findall(r"[\w/-]+\.wav", path.read_text(encoding="utf-8")):
        (folder / clip).parent.mkdir(exist_ok=True)
        (folder / clip).touch()
    return path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_check_config_accepts_what_each_page_shows(page: Path, tmp_path: Path) -> None:
    found = configurations(page)
    assert found or page.name == "README.md", "a family's page shows a configuration"
    for each in found:
        done = CliRunner().invoke(app, ["check-config", "--config", str(write(each, tmp_path))])
        assert done.exit_code == 0, done.output


@pytest.mark.parametrize("page", sorted((DOCS / "sensors").glob("*.md")), ids=lambda page: page.name)
def test_what_a_page_says_to_try_fits_its_example(page: Path, tmp_path: Path) -> None:
    tries = _SIMULATION.findall(page.read_text(encoding="utf-8"))
    assert tries or page.name in {"README.md", "actuators.md"}
    for words in tries:
        config = write(configurations(page)[0], tmp_path)
        given = [str(config) if word == "box.yaml" else word for word in shlex.split(words)]
        if "serve" in given:
            continue  # it opens ports until Ctrl-C: tests/integration/edge_simulate
        done = CliRunner().invoke(app, ["simulate", *given, "--dry-run"])
        assert done.exit_code == 0, (words, done.output)


def test_the_simulations_of_the_chapter_fit_the_whole_box(tmp_path: Path) -> None:
    whole = configurations(DOCS / "box.md")[0]
    panel = {"type": "gbt26875", "tcp_port": 5200, "transmitters": [{"address": 889, "device": "panel-1"}]}
    config = write({**whole, "sources": [*whole["sources"], panel]}, tmp_path)
    text = (DOCS / "simulate.md").read_text(encoding="utf-8")
    lines = re.findall(r"^redwhistle-edge simulate --config box\.yaml ([^#\n]+)", text, re.MULTILINE)
    assert len(lines) >= 7
    for line in lines:
        words = shlex.split(line)
        if words[0] == "serve":
            continue
        extra = [] if {"list", "--dry-run"} & set(words) else ["--dry-run"]
        done = CliRunner().invoke(app, ["simulate", "--config", str(config), *words, *extra])
        assert done.exit_code == 0, (line, done.output)
