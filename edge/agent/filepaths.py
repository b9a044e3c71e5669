"""A path in a configuration file: relative ones count from the folder of that file. And the secret in such a file."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

FOLDER = "folder"
"""Key of the validation context that holds the configuration file's folder."""


def _from_folder(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get(FOLDER)
    return path if folder is None else Path(folder) / path.expanduser()


ConfigPath = Annotated[Path, AfterValidator(_from_folder)]


def read_secret(path: Path) -> str:
    """The first line of a file. Raises OSError or UnicodeDecodeError."""
    with path.open(encoding="utf-8") as file:
        return file.readline(4096).strip()
