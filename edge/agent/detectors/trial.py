"""Opening a model: read, checked, opened, and tried on a plain picture before a camera is given to it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.agent.detectors.decode_cells import decode_density
from edge.agent.detectors.detector import ModelDetector
from edge.agent.detectors.manifest import Manifest, ModelEntry, ModelKind, read_manifest, read_model
from edge.agent.detectors.prepare import Preparer
from edge.agent.detectors.session import ModelSession
from edge.agent.pipeline import Image
from redwhistle.errors import ConfigurationError, SourceError

_PLAIN: Image = np.full((90, 160, 3), 114, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """What `check_models` says of one entry; `problem` None: the file is whole, opens and runs."""

    entry: ModelEntry
    size_bytes: int | None
    problem: str | None


def open_session(entry: ModelEntry, model: bytes, threads: int = 1) -> ModelSession:
    """A session that has looked at one plain picture. Raises ConfigurationError when what it says cannot be read."""
    session = ModelSession(entry, model, threads)
    try:
        values = _look(entry, session)
    except (SourceError, ValueError) as error:
        raise ConfigurationError(f"{entry.file}: {error}") from error
    if values.size and not np.isfinite(values).any():
        raise ConfigurationError(f"{entry.file}: it gives no numbers; train or fetch it again")
    return session


def check_models(folder: Path, name: str | None = None) -> list[ModelCheck]:
    """Each entry of the manifest (or the one called `name`), tried. Raises ConfigurationError for the manifest itself."""
    checks = []
    for entry in choose_entries(read_manifest(folder), name):
        size_bytes = None
        try:
            model = read_model(folder, entry)
            size_bytes = len(model)
            open_session(entry, model)
            problem = (
                None if entry.card is None or (folder / entry.card).is_file() else _no_card(folder, entry)
            )
        except ConfigurationError as error:
            problem = str(error)
        checks.append(ModelCheck(entry, size_bytes, problem))
    return checks


def choose_entries(manifest: Manifest, name: str | None) -> tuple[ModelEntry, ...]:
    """All entries, or the one called `name`. Raises ConfigurationError when there is none of that name."""
    found = tuple(entry for entry in manifest.model if name in (None, entry.name))
    if name is not None and not found:
        known = ", ".join(entry.name for entry in manifest.model) or "none"
        raise ConfigurationError(f"there is no model {name!r} in the manifest; there are: {known}")
    return found


def _look(entry: ModelEntry, session: ModelSession) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    if entry.kind is not ModelKind.DENSITY:
        return ModelDetector(entry, session).score(_PLAIN)[1]
    output = session.run(Preparer(entry).prepare(_PLAIN)[0])
    decode_density(output, entry.width_px, entry.height_px)
    return output


def _no_card(folder: Path, entry: ModelEntry) -> str:
    return f"{folder / str(entry.card)}: the card is missing; write it or take `card` out of the entry"
