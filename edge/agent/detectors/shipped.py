"""Where the models are that come with the software."""

from pathlib import Path

_EDGE = Path(__file__).resolve().parents[2]


def shipped_models() -> Path:
    """In an installed wheel `edge/models/`; in a checkout the folder `models/` at its top."""
    installed = _EDGE / "models"
    return installed if installed.is_dir() else _EDGE.parent / "models"
