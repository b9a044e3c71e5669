"""The last model of each task that worked on this box, kept aside for the day when the models folder is damaged."""

import os
from contextlib import suppress
from pathlib import Path
from typing import get_args

from pydantic import ValidationError

from edge.agent.detectors.manifest import ModelEntry, ModelTask, read_model
from redwhistle.errors import ConfigurationError
from redwhistle.logs import get_logger

_MAX_ENTRY_BYTES = 256 * 1024
_log = get_logger()


class GoodModels:
    """A folder with at most one model a task: `TASK.json`, its manifest entry, and the file that the entry names.

    The model is written first and the entry put in place last, so that a power cut leaves the one before.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, entry: ModelEntry, model: bytes) -> None:
        """`model` opened and ran: it is the last good one of its task now. A disk that refuses is logged, no more."""
        held = self._entry(entry.task)
        kept = entry.model_copy(
            update={"file": f"{entry.task}-{entry.sha256[:16]}.onnx", "variant_of": None, "card": None}
        )
        if held == kept and (self._folder / kept.file).is_file():
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _write(self._folder / kept.file, model)
            _write(self._folder / f"{entry.task}.json", kept.model_dump_json(exclude_defaults=True).encode())
            for old in self._folder.glob(f"{entry.task}-*.onnx"):
                if old.name != kept.file:
                    old.unlink()
        except OSError as error:
            _log.warning("good_model_not_kept", model=entry.name, why=str(error))

    def load(self, task: ModelTask) -> tuple[ModelEntry, bytes] | None:
        """The last good one and its bytes, checked against its checksum; None where there is none that is whole."""
        entry = self._entry(task)
        if entry is None:
            return None
        try:
            return entry, read_model(self._folder, entry)
        except ConfigurationError as error:
            _log.warning("good_model_unreadable", task=task, why=str(error))
            return None

    def _entry(self, task: ModelTask) -> ModelEntry | None:
        path = self._folder / f"{task}.json"
        try:
            with path.open("rb") as file:
                entry = ModelEntry.model_validate_json(file.read(_MAX_ENTRY_BYTES))
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            _log.warning("good_model_unreadable", task=task, why=str(error)[:500])
            return None
        return entry if entry.task == task else None


TASKS: tuple[ModelTask, ...] = get_args(ModelTask)


def _write(path: Path, data: bytes) -> None:
    aside = path.with_name(path.name + ".new")
    try:
        with aside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError:
        with suppress(OSError):
            aside.unlink()
        raise
