"""What the console writes down a second time must be what the server has."""

import re
from pathlib import Path

from server.alerts.model import LIFE_SAFETY

HAZARDS = Path(__file__).parents[2] / "server" / "web" / "src" / "desk" / "hazards.ts"


def test_console_knows_which_hazards_threaten_lives() -> None:
    listed = re.search(r"new Set\(\[(.*?)\]\)", HAZARDS.read_text(encoding="utf-8"), re.DOTALL)
    assert listed is not None
    assert set(re.findall(r'"([a-z_]+)"', listed[1])) == {str(hazard) for hazard in LIFE_SAFETY}
