"""From a camera's wish to its detectors: a model where the manifest has one, motion where it has none."""

import threading
from pathlib import Path
from typing import Literal

import cv2

from edge.agent.detectors.detector import ModelDetector
from edge.agent.detectors.manifest import Manifest, ModelEntry, read_manifest, read_model
from edge.agent.detectors.motion import MotionDetector
from edge.agent.detectors.session import ModelSession
from edge.agent.pipeline import Detector
from redwhistle.contracts.state import ModelInfo
from redwhistle.errors import ConfigurationError
from redwhistle.logs import get_logger

Wish = str
"""`auto` (the manifest's first model for the task, if any), `off`, or a model's name."""
AUTO = "auto"
OFF = "off"

_log = get_logger()


class Models:
    """A models folder. Each model is read, checked and opened once, and shared by all cameras."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Read the manifest; an absent one is empty. Raises ConfigurationError."""
        self._folder = folder
        self._threads = threads
        self._manifest = read_manifest(folder)
        self._sessions: dict[str, ModelSession] = {}
        self._lock = threading.Lock()

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    def infos(self) -> list[ModelInfo]:
        """The models opened so far, as the box reports them."""
        with self._lock:
            opened = [entry for entry in self._manifest.model if entry.name in self._sessions]
        return [ModelInfo(name=e.name, version=e.version, sha256=e.sha256) for e in opened]

    def detectors_for(self, *, people: Wish = AUTO, fire: Wish = AUTO) -> list[Detector]:
        """New detectors for one camera. Raises ConfigurationError for a name that the manifest has not.

        A camera without a model for people gets motion. A model chosen by `auto` that cannot be used (damaged,
        missing) is logged as an error and left out, so that the camera goes on with what works.
        """
        cv2.setNumThreads(1)  # of this process; the detectors' threads are bounded too
        found = [self._open("people", people), self._open("fire", fire)]
        if found[0] is None and people != OFF:
            found[0] = MotionDetector()
        return [each for each in found if each is not None]

    def _open(self, task: Literal["people", "fire"], wish: Wish) -> Detector | None:
        if wish == OFF:
            return None
        entry = self._manifest.find(task, None if wish == AUTO else wish)
        if entry is None:
            if wish == AUTO:
                return None
            known = ", ".join(e.name for e in self._manifest.model if e.task == task) or "none"
            raise ConfigurationError(
                f"there is no model {wish!r} for {task} in the manifest; there are: {known}"
            )
        try:
            return ModelDetector(entry, self._session(entry))
        except ConfigurationError as error:
            if wish != AUTO:
                raise
            _log.error("model_unusable", model=entry.name, task=task, detail=str(error))
            return None

    def _session(self, entry: ModelEntry) -> ModelSession:
        with self._lock:
            if entry.name not in self._sessions:
                model = read_model(self._folder, entry)
                self._sessions[entry.name] = ModelSession(entry, model, self._threads)
            return self._sessions[entry.name]
