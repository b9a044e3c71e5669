"""Lists of labelled pictures: a CSV file, and a folder that its column `file` counts from."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.agent.pipeline import Image
from redwhistle.errors import ConfigurationError

_MAX_LIST_BYTES = 64 * 1024 * 1024
_MAX_PICTURE_BYTES = 64 * 1024 * 1024


ReadPicture = Callable[[str], Image | None]
"""From a file's name in the list to its picture, None for what is missing or no picture."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the file as it is named, and all columns."""

    file: str
    columns: Mapping[str, str]

    @property
    def source(self) -> str:
        """Where the picture comes from, where the list says so."""
        return self.columns.get("source", "")


def read_rows(path: Path, column: str, where: Mapping[str, str]) -> list[Row]:
    """The lines of a CSV with the columns `file` and `column`, those that have all values of `where`.

    Raises ConfigurationError, naming what is wrong with the file.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_LIST_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read as UTF-8 text ({error})"[:500]) from error
    try:
        reader = csv.DictReader(text.splitlines())
        lines: list[dict[str, str]] = [
            {str(key): str(value or "") for key, value in line.items() if key is not None} for line in reader
        ]
    except csv.Error as error:
        raise ConfigurationError(f"{path}: not a CSV file: {error}") from error
    missing = {"file", column, *where} - set(reader.fieldnames or ())
    if missing:
        raise ConfigurationError(
            f"{path}: columns missing: {', '.join(sorted(missing))}; the first line names them"
        )
    chosen = [line for line in lines if all(line[key] == value for key, value in where.items())]
    return [Row(line["file"], line) for line in chosen if line["file"]]


def parse_where(conditions: Sequence[str]) -> dict[str, str]:
    """`["split=val"]` → `{"split": "val"}`. Raises ConfigurationError."""
    pairs = [each.partition("=") for each in conditions]
    if any(not equals or not key for key, equals, _ in pairs):
        raise ConfigurationError("--where is COLUMN=VALUE, for example --where split=val")
    return {key: value for key, _, value in pairs}


def read_picture(root: Path, file: str) -> Image | None:
    """The picture as (height, width, 3) BGR, or None for what is missing or no picture."""
    try:
        with (root / file).open("rb") as opened:
            data = opened.read(_MAX_PICTURE_BYTES + 1)
        if not 0 < len(data) <= _MAX_PICTURE_BYTES:
            return None
        picture = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    except (OSError, ValueError, cv2.error):
        return None
    return None if picture is None else np.asarray(picture, dtype=np.uint8)
