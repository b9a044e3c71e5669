"""Places on disk: a GeoJSON file or a folder of CSV tables. A file is replaced whole or not at all."""

import contextlib
import os
import tempfile
from enum import StrEnum
from pathlib import Path

from redwhistle.errors import ConfigurationError
from redwhistle.places.draft import MAX_FILE_BYTES, Draft
from redwhistle.places.geojson import read_geojson, write_geojson
from redwhistle.places.tables import COMPANIES, PLACES, POINTS, read_tables, write_tables
from redwhistle.places.tree import PlaceTree

GEOJSON_ENDINGS = frozenset({".geojson", ".json"})


class Format(StrEnum):
    """How places stand on disk."""

    GEOJSON = "geojson"
    """One file."""
    CSV = "csv"
    """A folder with places.csv, points.csv and companies.csv."""


def read_places(path: Path) -> Draft:
    """What stands in a GeoJSON file or a folder of tables; raise ConfigurationError when it cannot be opened."""
    if path.is_dir():
        found = {name: path / name for name in (PLACES, POINTS, COMPANIES)}
        return read_tables({name: _read(file) for name, file in found.items() if file.exists()})
    if path.suffix.lower() == ".csv":
        raise ConfigurationError(f"{path}: give the folder that holds {PLACES}, {POINTS} and {COMPANIES}")
    if path.suffix.lower() not in GEOJSON_ENDINGS:
        raise ConfigurationError(f"{path}: give a .geojson file or a folder with {PLACES}")
    return read_geojson(_read(path), path.name)


def format_for(path: Path) -> Format:
    """GeoJSON for .geojson and .json, a folder of tables for a name without an ending."""
    if path.suffix.lower() in GEOJSON_ENDINGS:
        return Format.GEOJSON
    if path.suffix == "" or path.is_dir():
        return Format.CSV
    raise ConfigurationError(
        f"{path}: name a .geojson file, or a folder (a name without an ending) for CSV tables"
    )


def write_places(tree: PlaceTree, path: Path, form: Format, *, overwrite: bool = False) -> list[Path]:
    """Write and return the files; raise ConfigurationError when they exist (unless `overwrite`) or cannot be written."""
    if form is Format.GEOJSON:
        files = {path: write_geojson(tree)}
    else:
        files = {path / name: data for name, data in write_tables(tree).items()}
    existing = [str(file) for file in files if file.exists()]
    if existing and not overwrite:
        raise ConfigurationError(f"{existing[0]} is already there: use --overwrite to replace it")
    try:
        for file, data in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            _replace(file, data)
    except OSError as fault:
        raise ConfigurationError(f"{path} cannot be written: {fault.strerror or fault}") from fault
    return list(files)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as fault:
        raise ConfigurationError(f"{path} cannot be read: {fault.strerror or fault}") from fault
    if len(data) > MAX_FILE_BYTES:
        raise ConfigurationError(f"{path} is larger than {MAX_FILE_BYTES // 2**20} MiB: split it by district")
    return data


def _replace(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(0o644)
        fresh.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
