"""What the original network sees in the training pictures, enlarged: people without a label, and empty scenes.

A detection that matches no label is either taught (`sure`) or left out of the loss (`unsure`): a person who is not
labelled must not be taught as background.
"""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.training.people.data import Boxes, Picture, read_image, read_pictures
from models.training.people.looking import Run, find
from models.training.people.scoring import overlap

TEACHER_PX = (704, 448)
"""Pictures and clips: larger than the network is used later, so that it sees more."""
TEACHER_SMALL_PX = (512, 320)
"""Pictures of fire/, which are small themselves."""
SURE = 0.50
UNSURE = 0.12
_MATCHED_IOU = 0.35
_CLIP_FRAMES = 7
_OTHERS = "fire_pictures"
_CLIPS = "clip_frames"
_LEFT_OUT = {"rsri_street", "coco2017_lightly"}
"""Hundreds of people without a label, whom no teacher finds; pictures of which some are in people's val."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One training picture: `people` (N, 4) to find, `ignored` (M, 4) to say nothing of, in pixels."""

    path: Path
    frame: int | None
    """Of a clip; None for a picture."""
    source: str
    people: Boxes
    ignored: Boxes


def make_lessons(data: Path, run: Run, cache: Path, others: int, seed: int) -> list[Lesson]:
    """Labelled train pictures, `others` pictures of fire/train, and clip frames; kept in `cache` for the next time."""
    if cache.exists():
        return [_unpack(data, each) for each in json.loads(cache.read_text())]
    labelled = [p for p in read_pictures(data) if p.split == "train" and p.boxes is not None]
    lessons = [_labelled(picture, run) for picture in labelled]
    print(f"{len(lessons)} labelled pictures looked at", flush=True)
    rows = _rows(data / "fire" / "labels.csv")
    paths = sorted(
        data / "fire" / row["file"]
        for row in rows
        if row["split"] == "train" and row["source"] not in _LEFT_OUT
    )
    chosen = np.random.default_rng(seed).permutation(len(paths))[:others]
    lessons += [_unlabelled(paths[i], None, read_image(paths[i]), _OTHERS, run) for i in sorted(chosen)]
    for clip in sorted((data / "video").glob("*.mp4")):
        for number, image in _frames(clip):
            lessons.append(_unlabelled(clip, number, image, _CLIPS, run))
    cache.write_text(json.dumps([_pack(data, each) for each in lessons]))
    return lessons


def read_lesson(lesson: Lesson):  # type: ignore[no-untyped-def]
    """Its picture, (height, width, 3) BGR."""
    if lesson.frame is None:
        return read_image(lesson.path)
    clip = cv2.VideoCapture(str(lesson.path))
    clip.set(cv2.CAP_PROP_POS_FRAMES, lesson.frame)
    good, image = clip.read()
    clip.release()
    if not good:
        raise ValueError(f"{lesson.path}: frame {lesson.frame} cannot be read")
    return image


def _labelled(picture: Picture, run: Run) -> Lesson:
    assert picture.boxes is not None
    found, scores = find(run, read_image(picture.path), *TEACHER_PX, UNSURE)
    new = overlap(found, picture.boxes).max(1, initial=0) < _MATCHED_IOU
    # Where not everybody was labelled, a sure sight is a person; elsewhere it may be a poster or a doll.
    sure = new & (scores >= SURE) & (not picture.complete)
    return Lesson(
        picture.path, None, picture.source, np.concatenate([picture.boxes, found[sure]]), found[new & ~sure]
    )


def _unlabelled(path: Path, frame: int | None, image, source: str, run: Run) -> Lesson:  # type: ignore[no-untyped-def]
    found, scores = find(run, image, *(TEACHER_SMALL_PX if frame is None else TEACHER_PX), UNSURE)
    return Lesson(path, frame, source, found[scores >= SURE], found[scores < SURE])


def _frames(clip: Path):  # type: ignore[no-untyped-def]
    reader = cv2.VideoCapture(str(clip))
    total = int(reader.get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = set(np.linspace(0, total - 2, _CLIP_FRAMES).astype(int).tolist())
    for number in range(total):
        good, image = reader.read()
        if good and number in wanted:
            yield number, image
    reader.release()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _pack(data: Path, lesson: Lesson) -> list[object]:
    boxes = [np.round(b, 1).tolist() for b in (lesson.people, lesson.ignored)]
    return [str(lesson.path.relative_to(data)), lesson.frame, lesson.source, *boxes]


def _unpack(data: Path, packed: list) -> Lesson:  # type: ignore[type-arg]
    path, frame, source, people, ignored = packed
    boxes = [np.array(b, np.float32).reshape(-1, 4) for b in (people, ignored)]
    return Lesson(data / path, frame, source, *boxes)
