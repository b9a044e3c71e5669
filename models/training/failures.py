"""Pictures of what the shipped models get wrong, for their cards; drawn, since no picture of the data is ours to show.

    python -m models.training.failures --models models

Run in the box's environment. Writes `NAME-failures.jpg` beside each model: for fire the drawn views it is most wrong about,
for people and crowds what hides, lies, is far away or is no person.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from edge.agent.detectors.density import CrowdCounter, count_of
from edge.agent.detectors.detector import ModelDetector, alarm_scores, select_detections
from edge.agent.detectors.manifest import ModelTask
from edge.agent.detectors.models import Models, OpenedModel
from edge.agent.detectors.tiles import FireDetector, picture_rows
from models.training.drawing import draw_room, draw_square, draw_street, thin_smoke, tiny_flame
from models.training.fire.pictures import Image
from models.training.fire.synthetic import look_alike

_TILE_PX = (320, 180)
_TRIED = 60
_RED = (40, 40, 220)


def main() -> None:
    """Look, choose, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, default=Path("models"))
    folder: Path = parser.parse_args().models
    models = Models(folder)
    makers: dict[ModelTask, Callable[[OpenedModel], list[tuple[Image, str]]]]
    makers = {"fire": _fire, "people": _people, "crowd": _crowd}
    for task, make in makers.items():
        opened = models.open(task)
        if opened is None:
            print(f"no model for {task}")
            continue
        path = folder / f"{opened.entry.name}-failures.jpg"
        cv2.imwrite(str(path), _sheet(make(opened)), [cv2.IMWRITE_JPEG_QUALITY, 82])
        print(path)


def _fire(opened: OpenedModel) -> list[tuple[Image, str]]:
    """The three worst of each kind."""
    detector = FireDetector(opened.entry, opened.session)

    def score(picture: Image) -> float:
        rows = picture_rows(opened.entry, detector.score(picture)[1])
        return float(alarm_scores(opened.entry, rows).max())

    def same(rng: np.random.Generator, picture: Image) -> None:
        """The room as it is."""

    kinds: list[tuple[str, Callable[[np.random.Generator, Image], None], int]] = [
        ("tiny flame", tiny_flame, 1),
        ("thin smoke", thin_smoke, 1),
        ("nothing", same, -1),
        ("look-alike", look_alike, -1),
    ]
    shown = []
    for name, change, sign in kinds:
        found = []
        for n in range(_TRIED):
            rng = np.random.default_rng([7, n])
            picture = draw_room(rng)
            change(rng, picture)
            found.append((score(picture), picture))
        found.sort(key=lambda each: sign * each[0])
        shown += [(picture, f"{name}: {said:.2f}") for said, picture in found[:3]]
    return shown


def _people(opened: OpenedModel) -> list[tuple[Image, str]]:
    entry, detector = opened.entry, ModelDetector(opened.entry, opened.session)
    street = draw_street(4, 140)
    lying = cv2.rotate(draw_street(3, 150, size_px=(360, 640)), cv2.ROTATE_90_CLOCKWISE)
    screen = draw_street(0, 100)
    poster = cv2.resize(draw_street(1, 250)[40:, 240:400], (80, 150))
    screen[60:210, 300:380] = poster
    cv2.rectangle(screen, (298, 58), (381, 211), (20, 20, 20), 2)
    behind = street.copy()
    behind[190:330] = (90, 110, 100)
    views = [
        (draw_street(12, 24), "12 far away"),
        (draw_street(8, 16), "8 farther away"),
        (behind, "4 behind a wall"),
        (lying, "3 lying"),
        (screen, "a poster, nobody"),
        (draw_square(40, 70), "40 in a square"),
        (draw_square(40, 110), "40, closer"),
        (np.clip(street * 0.12, 0, 255).astype(np.uint8), "4 in the dark"),
        (cv2.GaussianBlur(street, (0, 0), 6), "4 out of focus"),
    ]
    shown = []
    for picture, what in views:
        found = select_detections(entry, detector.score(picture), picture, entry.score_min)
        marked = picture.copy()
        for each in found:
            x1, y1, x2, y2 = (round(value) for value in each.box_xyxy_px)
            cv2.rectangle(marked, (x1, y1), (x2, y2), _RED, 2)
        shown.append((marked, f"{what}: {len(found)}"))
    return shown


def _crowd(opened: OpenedModel) -> list[tuple[Image, str]]:
    counter = CrowdCounter(opened.entry, opened.session)
    views = [
        (draw_square(20, 60), "20"),
        (draw_square(60, 60), "60"),
        (draw_square(120, 40), "120"),
        (draw_square(300, 24), "300, far away"),
        (draw_street(4, 250), "4, close"),
        (draw_square(0, 60), "nobody"),
    ]
    shown = []
    for picture, what in views:
        points = counter.look(picture)
        marked = picture.copy()
        for x, y, people in points:
            cv2.circle(
                marked, (round(float(x)), round(float(y))), max(1, round(4 * float(people) ** 0.5)), _RED, 1
            )
        shown.append((marked, f"{what}: {count_of(points):.0f}"))
    return shown


def _sheet(shown: list[tuple[Image, str]]) -> Image:
    """Three in a row, each with its words."""
    tiles = []
    for picture, words in shown:
        height, width = picture.shape[:2]
        scale = min(_TILE_PX[0] / width, _TILE_PX[1] / height)
        small = cv2.resize(
            picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA
        )
        tile = np.full((_TILE_PX[1] + 24, _TILE_PX[0] + 6, 3), 255, np.uint8)
        tile[: small.shape[0], : small.shape[1]] = small
        cv2.putText(
            tile, words, (4, _TILE_PX[1] + 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA
        )
        tiles.append(tile)
    while len(tiles) % 3:
        tiles.append(np.full_like(tiles[0], 255))
    return np.vstack([np.hstack(tiles[i : i + 3]) for i in range(0, len(tiles), 3)])


if __name__ == "__main__":
    main()
