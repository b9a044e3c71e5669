"""The files of the checkout, for tests that look at the code itself."""

import subprocess
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
_TEXT = {
    ".py",
    ".pyi",
    ".sh",
    ".sql",
    ".md",
    ".toml",
    ".yaml",
    ".yml",
    ".json",
    ".conf",
    ".lock",
    ".ts",
    ".vue",
    ".css",
    ".html",
    ".csv",
    ".geojson",
    "",
}


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file that git tracks or would add, as a path inside the checkout."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
    )
    paths = (Path(word.decode()) for word in told.stdout.split(b"\0") if word)
    return tuple(sorted(path for path in paths if (CHECKOUT / path).is_file()))


def python_files(*roots: str) -> list[Path]:
    """Python files; with `roots`, those below these folders only."""
    return [
        path for path in tracked_files() if path.suffix == ".py" and (not roots or path.parts[0] in roots)
    ]


def text_files() -> list[Path]:
    """Files that people read."""
    return [path for path in tracked_files() if path.suffix in _TEXT]


def read(path: Path) -> str:
    """The text of a file given by its path inside the checkout."""
    return (CHECKOUT / path).read_text("utf-8")
