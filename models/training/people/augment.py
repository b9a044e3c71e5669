"""Training pictures changed as cameras change them: scale, place, turns, mosaic, light, night, blur, compression."""

from dataclasses import dataclass

import cv2
import numpy as np

from models.training.people.data import PAD, Boxes, Image

_LEAST_PX = 4.0
_LEAST_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture with its people and what to say nothing of; boxes in its pixels."""

    image: Image
    people: Boxes
    ignored: Boxes


def mosaic(rng: np.random.Generator, four: list[Sample], width_px: int, height_px: int) -> Sample:
    """Four pictures around a random point."""
    cx, cy = int(width_px * rng.uniform(0.3, 0.7)), int(height_px * rng.uniform(0.3, 0.7))
    corners = [(0, 0, cx, cy), (cx, 0, width_px, cy), (0, cy, cx, height_px), (cx, cy, width_px, height_px)]
    canvas = np.full((height_px, width_px, 3), PAD, np.uint8)
    people, ignored = [], []
    for sample, (x1, y1, x2, y2) in zip(four, corners, strict=True):
        part = place(rng, sample, x2 - x1, y2 - y1, 0.9, 2.2)
        canvas[y1:y2, x1:x2] = part.image
        people.append(part.people + np.float32([x1, y1, x1, y1]))
        ignored.append(part.ignored + np.float32([x1, y1, x1, y1]))
    return Sample(canvas, np.concatenate(people), np.concatenate(ignored))


def place(
    rng: np.random.Generator, sample: Sample, width_px: int, height_px: int, least: float, most: float
) -> Sample:
    """The picture, `least` to `most` times as large as it would just fit, at a random place of the canvas."""
    height, width = sample.image.shape[:2]
    scale = min(width_px / width, height_px / height) * float(
        np.exp(rng.uniform(np.log(least), np.log(most)))
    )
    stretch = float(np.exp(rng.uniform(-0.12, 0.12)))
    sx, sy = scale * stretch, scale / stretch
    dx = _shift(rng, width_px, width * sx)
    dy = _shift(rng, height_px, height * sy)
    matrix = np.array([[sx, 0, dx], [0, sy, dy]], np.float32)
    way = cv2.INTER_AREA if scale < 0.6 else cv2.INTER_LINEAR
    if scale < 0.6:  # warping by much less than one would skip pixels
        small = cv2.resize(
            sample.image, (max(1, int(width * sx)), max(1, int(height * sy))), interpolation=way
        )
        matrix[0, 0] = matrix[1, 1] = 1.0
    else:
        small = sample.image
    image = cv2.warpAffine(small, matrix, (width_px, height_px), borderValue=(PAD, PAD, PAD))
    move = (sx, sy, dx, dy)
    people, cut = _moved(sample.people, move, width_px, height_px)
    ignored, _ = _moved(sample.ignored, move, width_px, height_px)
    return Sample(image, people, np.concatenate([ignored, cut]))  # type: ignore[arg-type]


def mirror(sample: Sample) -> Sample:
    """Left for right."""
    width = sample.image.shape[1]
    boxes = [
        b[:, [2, 1, 0, 3]] * np.float32([-1, 1, -1, 1]) + np.float32([width, 0, width, 0])
        for b in (sample.people, sample.ignored)
    ]
    return Sample(np.ascontiguousarray(sample.image[:, ::-1]), *boxes)


def turn(sample: Sample, *, left: bool) -> Sample:
    """A quarter turn: whoever stood now lies."""
    height, width = sample.image.shape[:2]
    image = np.rot90(sample.image, 1 if left else -1)
    corners, move = ([1, 2, 3, 0], [0, width, 0, width]) if left else ([3, 0, 1, 2], [height, 0, height, 0])
    sign = np.float32([1, -1, 1, -1] if left else [-1, 1, -1, 1])
    boxes = [b[:, corners] * sign + np.float32(move) for b in (sample.people, sample.ignored)]
    return Sample(np.ascontiguousarray(image), *boxes)


def spoil(rng: np.random.Generator, image: Image) -> Image:
    """Colour, light, infrared, noise, blur, low resolution and compression, each at times."""
    out = image
    if rng.random() < 0.8:
        hsv = cv2.cvtColor(out, cv2.COLOR_BGR2HSV).astype(np.float32)
        hsv[..., 0] = (hsv[..., 0] + rng.uniform(-8, 8)) % 180
        hsv[..., 1] *= rng.uniform(0.5, 1.5)
        hsv[..., 2] = 255 * (hsv[..., 2] / 255) ** np.exp(rng.uniform(-0.4, 0.4)) * rng.uniform(0.75, 1.2)
        out = cv2.cvtColor(np.clip(hsv, 0, 255).astype(np.uint8), cv2.COLOR_HSV2BGR)
    if rng.random() < 0.15:  # infrared at night
        grey = cv2.cvtColor(out, cv2.COLOR_BGR2GRAY)
        out = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    if rng.random() < 0.15:  # dark
        out = np.clip(out.astype(np.float32) * rng.uniform(0.25, 0.6), 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        noise = rng.normal(0, rng.uniform(2, 12), (*out.shape[:2], 1)).astype(np.float32)
        out = np.clip(out + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 1.6))
    if rng.random() < 0.15:
        height, width = out.shape[:2]
        share = rng.uniform(0.45, 0.85)
        small = cv2.resize(out, (int(width * share), int(height * share)), interpolation=cv2.INTER_AREA)
        out = cv2.resize(small, (width, height))
    if rng.random() < 0.25:
        _, packed = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(22, 75))])
        out = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    return out  # type: ignore[return-value]


def _shift(rng: np.random.Generator, room: float, size: float) -> float:
    low, high = min(0.0, room - size), max(0.0, room - size)
    return float(rng.uniform(low, high))


def _moved(
    boxes: Boxes, move: tuple[float, float, float, float], width_px: int, height_px: int
) -> tuple[Boxes, Boxes]:
    """Boxes that are still well in sight, and those of which too little is left."""
    sx, sy, dx, dy = move
    moved = boxes * np.float32([sx, sy, sx, sy]) + np.float32([dx, dy, dx, dy])
    cut = np.clip(moved, 0, np.float32([width_px, height_px, width_px, height_px]))
    sides, whole = cut[:, 2:] - cut[:, :2], moved[:, 2:] - moved[:, :2]
    share = np.prod(sides, axis=1) / np.maximum(np.prod(whole, axis=1), 1e-6)
    seen = (share > 0) & (sides.min(1, initial=1e9) > 0)
    good = seen & (share >= _LEAST_SHARE) & (sides.min(1, initial=1e9) >= _LEAST_PX)
    return cut[good], cut[seen & ~good]
