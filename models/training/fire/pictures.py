"""The labelled pictures of the data folder, held in memory, with their boxes."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from models.training.people.data import read_image
from models.training.people.data import read_pictures as people_pictures

Image = npt.NDArray[np.uint8]
"""(height, width, 3), BGR, 0..255."""
CLASS_OF = {"fire": 0, "smoke": 1, "normal": 2}
FIXED_CAMERAS = frozenset(
    {
        "apoorvjha_none",
        "arceda_traffic",
        "cctv_clip_neg",
        "clip_frames",
        "coco2017_lightly",
        "katiehur_cafe",
        "khiem_ppe_site_cams",
        "mouso_fixed",
        "rsri_street",
        "shared_video_frames",
    }
)
"""Sources whose normal pictures serve as a background for pasted flames and smoke."""
CLIP_SOURCES = frozenset({"shared_video_frames", "apoorvjha_none"})
CLIPS = frozenset(
    {
        ("ChekaLowQiJun/FireDetection", "fire.mp4"),
        ("Sowrabha-A/ANOMALY_DETECTION", "videos/test1.mp4"),
        ("ayoubtrabelsitr/fireDetection", "fire.mp4"),
        ("babulamani95/test_videos", "Construction Safety (Accident- Fall from Height).mp4"),
        ("babulamani95/test_videos", "fence1.mp4"),
        ("babulamani95/test_videos", "forklift3.mp4"),
        ("intel-iot-devkit/sample-videos", "preview/people-detection.gif"),
        ("l0kxh/Intelligent-video-surveillance-system", "fire1.mp4"),
        ("mandrita16/IOCL-Fire-and-Smoke-Detection-", "test_data/fire1.mp4"),
        ("sajadulakash/polygon-based-traffic-monitor", "vdo2.mp4"),
        ("sukhitashvili/violence-detection", "data/fire.mp4"),
        ("sukhitashvili/violence-detection", "data/office_fight.mp4"),
    }
)
"""Where the data folder's video clips come from: their frames are kept out of training, so that the clips are a test."""


OF_PEOPLE_TOO = "coco2017_lightly"
"""These pictures are in both folders, `fire` and `people`."""
_CLOSE_PX = 200
"""A person this tall, in pixels of the file, can be looked at closely."""
_CLOSE_SHARE = 0.55
"""How much of a person's height a close view shows: head and trunk."""


@dataclass(frozen=True, slots=True)
class Corners:
    """A part of a picture, 0..1; it may reach beyond the edge."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Box:
    """A labelled part of a picture: class number and corners, 0..1."""

    label: int
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Picture:
    """One labelled picture. `complete`: outside its boxes there is neither flame nor smoke; `people`: who can be dressed."""

    file: str
    label: int
    source: str
    group: str
    image_bgr: Image
    boxes: tuple[Box, ...] = field(default=())
    complete: bool = False
    people: tuple[Corners, ...] = field(default=())

    @property
    def is_background(self) -> bool:
        return self.label == CLASS_OF["normal"] and self.source in FIXED_CAMERAS


def read_pictures(root: Path, split: str, *, without_clips: bool = False) -> list[Picture]:
    """All pictures of one split of ROOT/fire/labels.csv; `split` is train or val. Without frames of CLIPS if asked."""
    folder = root / "fire"
    of_clips = {
        row["file"] for row in _rows(folder / "origin.csv") if (row["repository"], row["path"]) in CLIPS
    }
    boxes: dict[str, list[Box]] = defaultdict(list)
    for row in _rows(folder / "boxes.csv"):
        corners = (float(row[key]) for key in ("x1", "y1", "x2", "y2"))
        boxes[row["file"]].append(Box(CLASS_OF[row["class"]], *corners))
    pictures = []
    for row in _rows(folder / "labels.csv"):
        if row["split"] != split:
            continue
        if without_clips and (row["file"] in of_clips or row["source"] in CLIP_SOURCES):
            continue
        found = tuple(boxes.get(row["file"], ()))
        label = CLASS_OF[row["label"]]
        complete = label == CLASS_OF["normal"] or (bool(found) and row["fire"] != "" and row["smoke"] != "")
        pictures.append(
            Picture(
                row["file"], label, row["source"], row["group"], _read(folder / row["file"]), found, complete
            )
        )
    return pictures


def read_people(root: Path, split: str) -> list[Picture]:
    """The pictures of ROOT/people with boxes: places where people work and walk, nothing burns; normal pictures."""
    pictures = []
    for entry in people_pictures(root):
        if entry.split != split or entry.boxes is None or entry.source == OF_PEOPLE_TOO:
            continue
        sides = np.array([entry.width_px, entry.height_px] * 2)
        pictures.append(
            Picture(
                entry.path.name,
                CLASS_OF["normal"],
                entry.source,
                f"{entry.source}/{entry.group}",
                _longest(_read(entry.path), 320),
                (),
                True,
                tuple(Corners(*(float(v) for v in box)) for box in entry.boxes / sides),
            )
        )
    return pictures


def read_visitors(root: Path) -> list[Picture]:
    """Whoever is tall enough in the everyday pictures of ROOT/people, close by, as a camera at a door sees them.

    Normal pictures, to judge with and not to learn from; 5 to 3 where the picture reaches so far.
    """
    pictures = []
    for entry in people_pictures(root):
        if entry.boxes is None or entry.source != OF_PEOPLE_TOO:
            continue
        image = _read(entry.path)
        for left, top, right, bottom in entry.boxes:
            if bottom - top < _CLOSE_PX:
                continue
            height = _CLOSE_SHARE * float(bottom - top)
            x1, y1 = max(0, int((left + right) / 2 - height * 5 / 6)), max(0, int(top - 0.15 * height))
            x2, y2 = int((left + right) / 2 + height * 5 / 6), int(top + 0.85 * height)
            group = f"{entry.source}/close/{entry.path.name}"
            view = _longest(image[y1:y2, x1:x2], 320)
            pictures.append(Picture(entry.path.name, CLASS_OF["normal"], entry.source, group, view, (), True))
    return pictures


def _read(path: Path) -> Image:
    try:
        return read_image(path)
    except ValueError as error:
        raise SystemExit(str(error)) from error


def _longest(image: Image, side_px: int) -> Image:
    """Shrunk until its longest side is `side_px`, as the other pictures are stored."""
    scale = min(1.0, side_px / max(image.shape[:2]))
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def read_clip_frames(root: Path, every_s: float = 1.0) -> list[Picture]:
    """Frames of the clips without fire (ROOT/video/neg_* and people_*), as normal pictures."""
    pictures = []
    for clip in sorted((root / "video").glob("*.mp4")):
        if not clip.name.startswith(("neg_", "people_")):
            continue
        capture = cv2.VideoCapture(str(clip))
        step = max(1, round((capture.get(cv2.CAP_PROP_FPS) or 25.0) * every_s))
        number = 0
        while True:
            there, image = capture.read()
            if not there:
                break
            if number % step == 0:
                name = f"video/{clip.stem}_{number:05d}"
                small = cv2.resize(
                    image, (320, round(320 * image.shape[0] / image.shape[1])), interpolation=cv2.INTER_AREA
                )
                pictures.append(
                    Picture(
                        name, CLASS_OF["normal"], "clip_frames", clip.stem, small.astype(np.uint8), (), True
                    )
                )
            number += 1
        capture.release()
    return pictures


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
