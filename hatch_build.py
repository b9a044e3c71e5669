"""A wheel is made with the built console and the models in it, or not at all; an editable installation needs neither.

With REDWHISTLE_WITHOUT_CONSOLE set a wheel without the console is made: a box needs none. The models lie in `models/` of a
checkout and in `edge/models/` of a wheel: the manifest, the files it names (each with its checksum), and their cards.
"""

import hashlib
import os
import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CONSOLE = Path("server") / "web" / "dist" / "index.html"
MANIFEST = Path("models") / "manifest.toml"
INSTALLED_MODELS = "edge/models"


class RequireParts(BuildHookInterface[Any]):
    """Looks for the console and the models before anything is packed."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raise FileNotFoundError or ValueError when a wheel is to be made and something is not there or not whole."""
        if version != "standard":
            return
        root = Path(self.root)
        if not os.environ.get("REDWHISTLE_WITHOUT_CONSOLE") and not (root / CONSOLE).is_file():
            raise FileNotFoundError(f"{CONSOLE} is not there: run `make console` first")
        for path in find_models(root):
            build_data["force_include"][str(root / path)] = f"{INSTALLED_MODELS}/{path.name}"


def find_models(root: Path) -> list[Path]:
    """The manifest, its models and their cards, relative to `root`. Raises FileNotFoundError or ValueError."""
    entries = tomllib.loads((root / MANIFEST).read_text(encoding="utf-8")).get("model", [])
    found = [MANIFEST]
    for entry in entries:
        file = MANIFEST.with_name(entry["file"])
        if hashlib.sha256((root / file).read_bytes()).hexdigest() != entry["sha256"]:
            raise ValueError(f"{file} is not the file that {MANIFEST} names: its sha256 differs")
        found.append(file)
        if "card" in entry:
            card = MANIFEST.with_name(entry["card"])
            if not (root / card).is_file():
                raise FileNotFoundError(f"{card} is not there: write the card of {entry['name']}")
            found.append(card)
    return list(dict.fromkeys(found))
