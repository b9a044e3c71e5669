"""Where clips and pictures lie that are no part of this repository, for tests that look at more when they are there."""

import os
from pathlib import Path

SHARED_DATA = Path(
    os.environ.get("REDWHISTLE_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)


def shared_files(pattern: str) -> list[Path]:
    """The files below the data folder that fit `pattern`, sorted; none when it is not there."""
    return sorted(SHARED_DATA.glob(pattern))
