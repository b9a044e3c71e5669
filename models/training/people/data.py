"""The data folder's people pictures and their boxes. The folder's README describes it."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""(height, width, 3), BGR."""
Boxes = npt.NDArray[np.float32]
"""(N, 4), x1 y1 x2 y2 in pixels of the picture."""
PAD = 114


@dataclass(frozen=True, slots=True)
class Picture:
    """One annotated picture. `boxes` is None where only heads are known; `heads` (N, 2) px are always known."""

    path: Path
    source: str
    split: Literal["train", "val"]
    group: str
    width_px: int
    height_px: int
    count: int
    boxes: Boxes | None
    heads: npt.NDArray[np.float32]
    complete: bool


def read_pictures(data: Path) -> list[Picture]:
    """All of `people/`. The head of a box is taken to be in the middle, a tenth of its height under its top."""
    notes = json.loads((data / "people" / "annotations.json").read_text())
    boxes_of: dict[int, list[list[float]]] = defaultdict(list)
    for note in notes["annotations"]:
        x, y, w, h = note["bbox"]
        boxes_of[note["image_id"]].append([x, y, x + w, y + h])
    return [_picture(data, image, boxes_of[image["id"]]) for image in notes["images"]]


def _picture(data: Path, image: dict, found: list[list[float]]) -> Picture:  # type: ignore[type-arg]
    boxes = np.array(found, np.float32).reshape(-1, 4)
    pointed = image["annotation"] == "head_points"
    heads = np.array(image["head_points"], np.float32).reshape(-1, 2) if pointed else heads_of(boxes)
    return Picture(
        path=data / "people" / image["file_name"],
        source=image["source"],
        split=image["split"],
        group=image.get("group", image["file_name"]),
        width_px=image["width"],
        height_px=image["height"],
        count=image["count"],
        boxes=None if pointed else boxes,
        heads=heads,
        complete=bool(image.get("complete", 1)),
    )


def heads_of(boxes: Boxes) -> npt.NDArray[np.float32]:
    """(N, 2) px: where the heads of these boxes may be."""
    return np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 1] * 0.9 + boxes[:, 3] * 0.1], 1)


def read_image(path: Path) -> Image:
    """Raises ValueError for a file that is no picture."""
    image = cv2.imread(str(path))
    if image is None:
        raise ValueError(f"{path}: cannot be read as a picture; is the data folder complete?")
    return image  # type: ignore[return-value]


def letterbox(image: Image, width_px: int, height_px: int) -> tuple[Image, float]:
    """As a box does it: same shape, top left, the rest 114; and input pixels per picture pixel."""
    height, width = image.shape[:2]
    scale = min(width_px / width, height_px / height)
    size = (max(1, int(width * scale)), max(1, int(height * scale)))
    canvas = np.full((height_px, width_px, 3), PAD, np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(image, size)
    return canvas, scale
