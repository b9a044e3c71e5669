"""What is drawn on a camera's picture: zones, lines, masks, and what was found. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.agent.evidence.blurring import Mark
from edge.agent.observation import Detection
from edge.agent.policy.camera import CameraRules
from edge.agent.policy.lines import LineRules
from edge.agent.policy.zones import Point

ZONE, LINE, MASK, REGION = (0, 220, 255), (255, 160, 0), (160, 160, 160), (200, 200, 0)
_OF_LABEL = {"person": (80, 220, 80), "flame": (40, 40, 255), "smoke": (255, 120, 200)}
_OTHER = (255, 255, 255)
_ARROW = 0.25


@dataclass(frozen=True, slots=True)
class Legend:
    """A drawn number and what it stands for: the picture's own letters know no Chinese."""

    mark: str
    name: str


def of_settings(rules: CameraRules, masks: Sequence[Sequence[Point]]) -> tuple[list[Mark], list[Legend]]:
    """The zones, lines and masks that are configured, and what their numbers mean."""
    marks = [Mark(tuple(mask), MASK, "mask") for mask in masks]
    legend = []
    for number, zone in enumerate(rules.zones, 1):
        marks.append(Mark(zone.polygon, ZONE, f"Z{number}"))
        legend.append(Legend(f"Z{number}", zone.name))
    for number, line in enumerate(rules.lines, 1):
        marks.append(Mark((line.start, line.to), LINE, f"L{number}", closed=False))
        marks.append(Mark(_arrow(line), LINE, "in", closed=False))
        legend.append(Legend(f"L{number}", line.name))
    return marks, legend


def of_detections(
    detections: Sequence[Detection],
    regions: Sequence[tuple[float, float, float, float]],
    size_px: tuple[int, int],
) -> list[Mark]:
    """A frame around each thing found; `size_px` (width, height) of the picture in which it was found."""
    marks = [Mark(_corners(region, size_px), REGION, "moving") for region in regions]
    for found in detections:
        colour = _OF_LABEL.get(found.label, _OTHER)
        word = f"{found.label} {found.score:.2f}"
        marks.append(Mark(_corners(found.box_xyxy_px, size_px), colour, word))
    return marks


def _arrow(line: LineRules) -> tuple[Point, Point]:
    """From the line's middle to the side that is inside; seen in a picture, y points down."""
    (x1, y1), (x2, y2) = line.start, line.to
    turn = 1.0 if line.in_side == "right" else -1.0
    middle = ((x1 + x2) / 2, (y1 + y2) / 2)
    tip = (middle[0] - turn * (y2 - y1) * _ARROW, middle[1] + turn * (x2 - x1) * _ARROW)
    return (min(max(tip[0], 0.0), 1.0), min(max(tip[1], 0.0), 1.0)), middle


def _corners(box_xyxy_px: tuple[float, float, float, float], size_px: tuple[int, int]) -> tuple[Point, ...]:
    x1, y1, x2, y2 = box_xyxy_px
    width_px, height_px = size_px
    left, right = (min(max(x / width_px, 0.0), 1.0) for x in (x1, x2))
    top, bottom = (min(max(y / height_px, 0.0), 1.0) for y in (y1, y2))
    return (left, top), (right, top), (right, bottom), (left, bottom)
