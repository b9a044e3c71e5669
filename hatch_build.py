"""A wheel is made with the built console in it, or not at all; an editable installation needs none, and a box neither.

With REDWHISTLE_WITHOUT_CONSOLE set a wheel without it is made.
"""

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CONSOLE = Path("server") / "web" / "dist" / "index.html"


class RequireConsole(BuildHookInterface[Any]):
    """Looks for the console before anything is packed."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raise FileNotFoundError when a wheel is to be made and there is no console."""
        del build_data
        wanted = version == "standard" and not os.environ.get("REDWHISTLE_WITHOUT_CONSOLE")
        if wanted and not (Path(self.root) / CONSOLE).is_file():
            raise FileNotFoundError(f"{CONSOLE} is not there: run `make console` first")
