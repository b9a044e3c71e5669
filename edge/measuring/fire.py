"""Flame and smoke over labelled pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edge.agent.detectors.detector import ModelDetector, alarm_scores
from edge.agent.detectors.models import OpenedModel
from edge.agent.detectors.tiles import picture_rows
from edge.measuring.pictures import ReadPicture, Row
from edge.measuring.ranking import Scores, auc, tpr_at_fpr

ALARM = frozenset({"fire", "smoke"})
LABELS = ALARM | {"normal"}
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ScoredPicture:
    """`score`: the alarm score of the whole picture where the model gives one, else the largest of its tiles or boxes."""

    label: str
    source: str
    score: float


@dataclass(frozen=True, slots=True)
class FireRun:
    """What was looked at, and the files that are no pictures."""

    scored: tuple[ScoredPicture, ...]
    unreadable: tuple[str, ...]


def score_pictures(model: OpenedModel, rows: Sequence[Row], read: ReadPicture, progress: Progress) -> FireRun:
    """Look at each picture with the labels fire, smoke and normal; others are left out."""
    detector = ModelDetector(model.entry, model.session)
    wanted = [row for row in rows if row.columns["label"] in LABELS]
    scored: list[ScoredPicture] = []
    unreadable: list[str] = []
    for done, row in enumerate(wanted):
        progress(done, len(wanted))
        picture = read(row.file)
        if picture is None:
            unreadable.append(row.file)
            continue
        scores = alarm_scores(model.entry, picture_rows(model.entry, detector.score(picture)[1]))
        scored.append(ScoredPicture(row.columns["label"], row.source, float(scores.max(initial=0.0))))
    return FireRun(tuple(scored), tuple(unreadable))


def summarise_fire(run: FireRun, score_min: float) -> dict[str, object]:
    """The figures of a run; `confusion` counts pictures by label with and without an alarm at `score_min`."""
    pictures = run.scored
    sources = sorted({each.source for each in pictures if each.source})
    return {
        **_figures(pictures),
        "unreadable": len(run.unreadable),
        "threshold": score_min,
        "confusion": {label: _confusion(pictures, label, score_min) for label in sorted(LABELS)},
        "sources": {name: _figures([each for each in pictures if each.source == name]) for name in sources},
    }


def _figures(pictures: Sequence[ScoredPicture]) -> dict[str, object]:
    alarms, others = _split(pictures)
    return {
        "auc": auc(alarms, others),
        "tpr_at_fpr_1pct": tpr_at_fpr(alarms, others, 0.01),
        "tpr_at_fpr_5pct": tpr_at_fpr(alarms, others, 0.05),
        "n": len(pictures),
    }


def _split(pictures: Sequence[ScoredPicture]) -> tuple[Scores, Scores]:
    alarms = np.array([each.score for each in pictures if each.label in ALARM], dtype=np.float64)
    others = np.array([each.score for each in pictures if each.label not in ALARM], dtype=np.float64)
    return alarms, others


def _confusion(pictures: Sequence[ScoredPicture], label: str, score_min: float) -> dict[str, int]:
    scores = [each.score for each in pictures if each.label == label]
    alarms = sum(score >= score_min for score in scores)
    return {"alarm": alarms, "none": len(scores) - alarms}
