"""The part of COCO's annotation format that people's boxes need."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.measuring.precision import Boxes
from redwhistle.errors import ConfigurationError

PERSON = "person"
HEAD_POINTS = "head_points"
_MAX_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Truth:
    """One picture's people. boxes_xyxy: (M, 4) in pixels of a picture of this size; groups: (M,) bool (`iscrowd`)."""

    width_px: float
    height_px: float
    boxes_xyxy: Boxes
    groups: npt.NDArray[np.bool_]


def read_people(path: Path) -> dict[str, Truth]:
    """The people of each picture that has boxes, by its `file_name`; one with `annotation` head_points has none.

    Of several categories the one named `person` counts. Raises ConfigurationError.
    """
    try:
        with path.open("rb") as file:
            data = json.loads(file.read(_MAX_BYTES))
        return _read(data)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise ConfigurationError(
            f"{path}: not COCO annotations: {type(error).__name__}: {error}"[:500]
        ) from error


def find_truth(truths: Mapping[str, Truth], file: str) -> Truth | None:
    """Of the picture that a list calls `file`: by its whole name, else by its last part."""
    return truths.get(file) or truths.get(Path(file).name)


def _read(data: dict[str, Any]) -> dict[str, Truth]:
    people = {each["id"] for each in data["categories"] if each["name"] == PERSON}
    boxes: dict[int, list[tuple[float, float, float, float, bool]]] = {}
    for each in data["annotations"]:
        if each["category_id"] in people:
            x, y, width, height = (float(v) for v in each["bbox"])
            group = bool(each.get("iscrowd", 0))
            boxes.setdefault(each["image_id"], []).append((x, y, x + width, y + height, group))
    truths = {}
    for image in data["images"]:
        if image.get("annotation") == HEAD_POINTS:
            continue
        rows = np.array(boxes.get(image["id"], []), dtype=np.float64).reshape(-1, 5)
        if not np.isfinite(rows).all():
            raise ValueError("a box is not a number")
        size = (float(image["width"]), float(image["height"]))
        truths[str(image["file_name"])] = Truth(*size, rows[:, :4], rows[:, 4].astype(bool))
    return truths
