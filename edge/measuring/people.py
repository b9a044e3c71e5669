"""People over labelled pictures: counts, and boxes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.agent.detectors.density import CrowdCounter, count_of
from edge.agent.detectors.detector import ModelDetector, select_detections
from edge.agent.detectors.models import OpenedModel
from edge.agent.observation import Detection
from edge.agent.pipeline import Image
from edge.agent.policy.handover import CountMode, HandoverRules, HandoverState, count_people
from edge.measuring.coco import Truth, find_truth
from edge.measuring.counting import count_errors
from edge.measuring.fire import Progress
from edge.measuring.pictures import ReadPicture, Row
from edge.measuring.precision import Judged, average_precision
from redwhistle.errors import ConfigurationError

AP_SCORE_MIN = 0.01
"""Detections down to this score count for the average precision, as is the custom."""


def parse_mode(text: str) -> CountMode:
    """Raises ConfigurationError for anything but a mode's name."""
    try:
        return CountMode(text)
    except ValueError:
        raise ConfigurationError(f"the mode is people, crowd or auto, not {text!r}") from None


class StillCounter:
    """Counts the people of single pictures. One thread."""

    def __init__(self, mode: CountMode, people: OpenedModel | None, crowd: OpenedModel | None) -> None:
        """Raises ConfigurationError when the mode needs a model that is not there."""
        missing = (mode is CountMode.CROWD and crowd is None) or (
            mode is not CountMode.CROWD and people is None
        )
        if missing:
            raise ConfigurationError(
                f"mode {mode} needs a model for {'crowd' if mode is CountMode.CROWD else 'people'} in the manifest"
            )
        self._mode = mode
        self._people = None if people is None else (people.entry, ModelDetector(people.entry, people.session))
        self._crowd = None if crowd is None else CrowdCounter(crowd.entry, crowd.session)

    def boxes(self, picture: Image, score_min: float) -> tuple[Detection, ...]:
        """The boxes of the model for people down to `score_min`, none where there is no such model."""
        if self._people is None:
            return ()
        entry, detector = self._people
        return select_detections(entry, detector.score(picture), picture, score_min)

    def count(self, picture: Image, boxes: Sequence[Detection]) -> int:
        """How many people; of `boxes` those at or above the manifest's threshold count."""
        # The better box always suppresses the weaker one: those above a threshold do not depend on those below.
        people_n = 0 if self._people is None else sum(b.score >= self._people[0].score_min for b in boxes)
        if self._mode is CountMode.PEOPLE or self._crowd is None:
            return people_n
        crowd = self._crowd
        # As a camera decides on its first picture, with the settings that it has by default.
        _, counted = count_people(
            HandoverRules(),
            self._mode,
            HandoverState(),
            people_n,
            lambda: count_of(crowd.look(picture)),
        )
        return counted.people


@dataclass(frozen=True, slots=True)
class CountedPicture:
    """One picture: what was counted, what is true, and where there are true boxes, both sides' boxes."""

    source: str
    found: int
    true: int
    judged: Judged | None


@dataclass(frozen=True, slots=True)
class PeopleRun:
    """What was looked at, and the files that are no pictures."""

    counted: tuple[CountedPicture, ...]
    unreadable: tuple[str, ...]


def count_pictures(
    counter: StillCounter,
    rows: Sequence[Row],
    read: ReadPicture,
    truths: Mapping[str, Truth],
    progress: Progress,
) -> PeopleRun:
    """Look at each picture. Raises ConfigurationError for a count that is no whole number."""
    counts = [_true_count(row) for row in rows]
    counted: list[CountedPicture] = []
    unreadable: list[str] = []
    for done, (row, true) in enumerate(zip(rows, counts, strict=True)):
        progress(done, len(rows))
        picture = read(row.file)
        if picture is None:
            unreadable.append(row.file)
            continue
        truth = find_truth(truths, row.file)
        boxes = counter.boxes(picture, AP_SCORE_MIN)
        found = counter.count(picture, boxes)
        judged = None if truth is None else _judge(boxes, truth, picture)
        counted.append(CountedPicture(row.source, found, true, judged))
    return PeopleRun(tuple(counted), tuple(unreadable))


def summarise_people(run: PeopleRun, mode: CountMode, score_min: float | None) -> dict[str, object]:
    """The figures of a run, altogether and by source."""
    sources = sorted({each.source for each in run.counted if each.source})
    return {
        **_figures(run.counted),
        "unreadable": len(run.unreadable),
        "mode": mode.value,
        "threshold": score_min,
        "sources": {name: _figures([e for e in run.counted if e.source == name]) for name in sources},
    }


def _figures(pictures: Sequence[CountedPicture]) -> dict[str, object]:
    errors = count_errors([each.found for each in pictures], [each.true for each in pictures])
    return {
        "count_mae": None if errors is None else errors.mae,
        "within_20pct": None if errors is None else errors.within_20pct,
        "ap50": average_precision([each.judged for each in pictures if each.judged is not None]),
        "n": len(pictures),
        "bias": None if errors is None else errors.bias,
        "n_ap": sum(each.judged is not None for each in pictures),
    }


def _judge(boxes: Sequence[Detection], truth: Truth, picture: Image) -> Judged:
    height_px, width_px = picture.shape[:2]
    stored = np.array([width_px / truth.width_px, height_px / truth.height_px] * 2)
    return Judged(
        found_xyxy=np.array([each.box_xyxy_px for each in boxes], dtype=np.float64).reshape(-1, 4),
        scores=np.array([each.score for each in boxes], dtype=np.float64),
        true_xyxy=truth.boxes_xyxy * stored,
        ignored=truth.groups,
    )


def _true_count(row: Row) -> int:
    try:
        count = int(row.columns["count"])
    except ValueError:
        count = -1
    if count < 0:
        raise ConfigurationError(
            f"{row.file}: the count {row.columns['count']!r} is no whole number from 0 on"
        )
    return count
