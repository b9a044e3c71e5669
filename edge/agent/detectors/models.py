"""From a camera's wish to its detectors: a model where the manifest has one, motion where it has none."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2

from edge.agent.detectors.counting import Counting, CountingDetector
from edge.agent.detectors.density import CrowdCounter
from edge.agent.detectors.detector import ModelDetector
from edge.agent.detectors.good_models import GoodModels
from edge.agent.detectors.manifest import (
    MANIFEST,
    Manifest,
    ModelEntry,
    ModelTask,
    read_manifest,
    read_model,
)
from edge.agent.detectors.motion import MotionDetector
from edge.agent.detectors.session import ModelSession
from edge.agent.detectors.tiles import FireDetector
from edge.agent.detectors.trial import open_session
from edge.agent.pipeline import Detector
from edge.agent.policy.handover import CountMode
from redwhistle.contracts.state import ModelInfo
from redwhistle.errors import ConfigurationError
from redwhistle.logs import get_logger

Wish = str
"""`auto` (the manifest's first model for the task, if any), `off`, or a model's name."""
AUTO = "auto"
OFF = "off"

_log = get_logger()


@dataclass(frozen=True, slots=True)
class OpenedModel:
    """A model that runs. `last_good`: not the models folder's, but the copy that this box kept."""

    entry: ModelEntry
    session: ModelSession
    last_good: bool = False


@dataclass(frozen=True, slots=True)
class ModelTrouble:
    """The model that was wanted for `task` cannot be used. `using`: what stands in, None for nothing.

    `over`: it is used again; `using` is the model.
    """

    task: ModelTask
    why: str
    using: str | None
    over: bool = False


class Models:
    """A models folder. Each model is read, checked, tried and opened once, and shared by all cameras.

    A model chosen by `auto` that cannot be used gives way: to its original or variant, to the last good one of this
    box, to another entry of the manifest. Each time that is logged and told to `report`.
    """

    def __init__(
        self,
        folder: Path,
        threads: int = 1,
        good: GoodModels | None = None,
        report: Callable[[ModelTrouble], None] = lambda _: None,
    ) -> None:
        """Read the manifest; one that cannot be read is told when a model is asked for, and stops nothing else."""
        self._folder = folder
        self._threads = threads
        self._good = good
        self._report = report
        self._damage: str | None = None
        """Why the manifest does not count."""
        self._absent = not (folder / MANIFEST).exists()
        if self._absent:
            self._damage = f"{folder / MANIFEST} is not there; put the models back, or set detect to off"
        try:
            self._manifest = read_manifest(folder)
        except ConfigurationError as error:
            self._manifest, self._damage = Manifest(version=1), str(error)
        self._opened: dict[str, OpenedModel] = {}
        self._told: dict[tuple[ModelTask, Wish], ModelTrouble] = {}
        self._lock = threading.Lock()

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    def infos(self) -> list[ModelInfo]:
        """The models opened so far, as the box reports them; a last good one says so in its version."""
        with self._lock:
            opened = list(self._opened.values())
        return [
            ModelInfo(
                name=each.entry.name,
                version=each.entry.version + (" (last good)" if each.last_good else ""),
                sha256=each.entry.sha256,
            )
            for each in opened
        ]

    def detectors_for(
        self, *, people: Wish = AUTO, fire: Wish = AUTO, counting: Counting | None = None
    ) -> list[Detector]:
        """New detectors for one camera. Raises ConfigurationError for a name that cannot be had.

        A camera without a model for people gets motion; `counting` says which of two models counts people, and when.
        """
        cv2.setNumThreads(1)  # of this process; the detectors' threads are bounded too
        counter = None if people == OFF else self._people_counter(people, counting or Counting())
        fire_model = self.open("fire", fire)
        found = [] if counter is None else [counter]
        if fire_model is not None:
            found.append(detector_of(fire_model.entry, fire_model.session))
        return found

    def _people_counter(self, people: Wish, counting: Counting) -> Detector:
        mode = counting.mode
        boxes = None if mode is CountMode.CROWD else self.open("people", people)
        crowd = None if mode is CountMode.PEOPLE else self.open("crowd", counting.crowd)
        finder = None if boxes is None else detector_of(boxes.entry, boxes.session)
        if crowd is not None:
            return CountingDetector(finder, CrowdCounter(crowd.entry, crowd.session), counting)
        if mode is CountMode.CROWD:
            raise ConfigurationError(
                "detect.mode is crowd, and no crowd model can be used: set it to auto, or put the model back"
            )
        return MotionDetector() if finder is None else finder

    def open(self, task: ModelTask, wish: Wish = AUTO) -> OpenedModel | None:
        """The model for `task`, tried; None where there is none, or none that works.

        A model named by `wish` is that one or the last good one of its name; raises ConfigurationError otherwise.
        """
        if wish == OFF:
            return None
        name = None if wish == AUTO else wish
        with self._lock:
            wanted = self._manifest.find(task, name)
            found, why = None, ""
            if wanted is not None or self._damage is not None:
                found, why = self._first_that_works(task, wanted, name)
            if found is None and wanted is None and (self._absent or self._damage is None):
                # No fault: a box without models, or without one for this.
                if name is None:
                    return None
                known = ", ".join(e.name for e in self._manifest.model if e.task == task) or "none"
                why = f"there is no model {wish!r} for {task} in the manifest; there are: {known}"
            if found is None and name is not None:
                raise ConfigurationError(why)
            trouble = self._what_is_new(task, wish, found, why)
        if trouble is not None:
            self._report(trouble)
        return found

    def _first_that_works(
        self, task: ModelTask, wanted: ModelEntry | None, name: str | None
    ) -> tuple[OpenedModel | None, str]:
        """The model to use and, where it is not the one that is wanted, why not."""
        problems = [] if wanted is not None else [self._damage or ""]
        family = [] if wanted is None else _family(self._manifest, wanted)
        entries = [wanted] if name is not None and wanted is not None else family
        for entry in entries:
            try:
                return self._open(entry), "; ".join(problems)
            except ConfigurationError as error:
                problems.append(str(error))
        found = self._open_last_good(task, name)
        if found is None and name is None:
            others = [e for e in self._manifest.model if e.task == task and e not in family]
            for entry in others:
                try:
                    return self._open(entry), "; ".join(problems)
                except ConfigurationError as error:
                    problems.append(str(error))
        return found, "; ".join(problems)

    def _open(self, entry: ModelEntry) -> OpenedModel:
        held = self._opened.get(entry.name)
        if held is not None and not held.last_good:
            return held
        model = read_model(self._folder, entry)
        opened = OpenedModel(entry, open_session(entry, model, self._threads))
        self._opened[entry.name] = opened
        if self._good is not None:
            self._good.keep(entry, model)
        return opened

    def _open_last_good(self, task: ModelTask, name: str | None) -> OpenedModel | None:
        kept = None if self._good is None else self._good.load(task)
        if kept is None or name not in (None, kept[0].name):
            return None
        entry, model = kept
        held = self._opened.get(entry.name)
        if held is not None and held.entry.sha256 == entry.sha256:
            return held
        try:
            opened = OpenedModel(entry, open_session(entry, model, self._threads), last_good=True)
        except ConfigurationError as error:
            _log.error("good_model_unusable", task=task, why=str(error))
            return None
        self._opened[entry.name] = opened
        return opened

    def _what_is_new(
        self, task: ModelTask, wish: Wish, found: OpenedModel | None, why: str
    ) -> ModelTrouble | None:
        """What is to be told: each trouble once, and its end."""
        told = self._told.get((task, wish))
        using = None if found is None else found.entry.title
        if not why:
            if told is None:
                return None
            del self._told[task, wish]
            _log.info("model_usable_again", task=task, model=using)
            return ModelTrouble(task, "", using, over=True)
        trouble = ModelTrouble(task, why, using)
        if told == trouble:
            return None
        self._told[task, wish] = trouble
        _log.error("model_unusable", task=task, using=using, detail=why)
        return trouble


def detector_of(entry: ModelEntry, session: ModelSession) -> Detector:
    """A camera's detector for this model: of fire, one that gives a grid for the decision over time."""
    return FireDetector(entry, session) if entry.task == "fire" else ModelDetector(entry, session)


def _family(manifest: Manifest, wanted: ModelEntry) -> list[ModelEntry]:
    """`wanted`, then its original and the other variants of that, in the manifest's order."""
    original = wanted.variant_of or wanted.name
    kin = [e for e in manifest.model if e != wanted and original in (e.name, e.variant_of)]
    return [wanted, *kin]
