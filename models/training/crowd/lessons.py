"""Where the heads are: marked points, the tops of boxes, the teacher's sights, and scenes with nobody."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.training.people.data import Boxes, heads_of, read_pictures
from models.training.people.teaching import Lesson

Points = npt.NDArray[np.float32]
"""(N, 2), x y in pixels of the picture."""
EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class CrowdLesson:
    """One picture: its heads, and areas (M, 4) where nobody knows."""

    path: Path
    frame: int | None
    source: str
    heads: Points
    unknown: Boxes


def gather(data: Path, lessons: list[Lesson], held_out: frozenset[str] = frozenset()) -> list[CrowdLesson]:
    """Train pictures with head points, and the detector's lessons; without the sources in `held_out`."""
    found = [
        CrowdLesson(p.path, None, p.source, p.heads, np.zeros((0, 4), np.float32))
        for p in read_pictures(data)
        if p.split == "train" and p.boxes is None
    ]
    for lesson in lessons:
        nobody = not len(lesson.people) and not len(lesson.ignored)
        source = EMPTY if nobody else lesson.source
        found.append(CrowdLesson(lesson.path, lesson.frame, source, heads_of(lesson.people), lesson.ignored))
    return [each for each in found if each.source not in held_out]
