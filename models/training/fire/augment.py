"""One training view: a picture, changed at random, with targets for the whole and for each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from models.training.fire import clothing, synthetic
from models.training.fire.pictures import CLASS_OF, Image, Picture
from models.training.fire.synthetic import Mask, Rng

WIDTH_PX, HEIGHT_PX = 320, 192
COLUMNS, ROWS = WIDTH_PX // 32, HEIGHT_PX // 32
IGNORED = -1
_NEITHER = CLASS_OF["normal"]


@dataclass(frozen=True, slots=True)
class View:
    """`cells`: (ROWS, COLUMNS) class numbers, IGNORED where nobody knows."""

    image_bgr: Image
    label: int
    cells: npt.NDArray[np.int64]


def to_input(image_bgr: Image) -> Image:
    """A picture stretched to the network's input."""
    shrinks = image_bgr.shape[1] > WIDTH_PX
    return cv2.resize(
        image_bgr, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    ).astype(np.uint8)


class Augmenter:
    """Makes views of one training set. One random generator a view, so that a view depends on its number alone."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self._pictures = pictures
        self._backgrounds = [p for p in pictures if p.is_background]
        self._flames = [p for p in pictures if any(b.label == 0 and b.x2 - b.x1 < 0.8 for b in p.boxes)]

    def plain(self, picture: Picture, rng: Rng) -> View:
        """The picture itself: cropped, mirrored, degraded; a normal one sometimes with a look-alike drawn in."""
        image, cells = self._crop(_dressed(picture, rng), rng)
        if picture.label == _NEITHER and rng.random() < 0.45:
            for _ in range(int(rng.integers(1, 4))):
                synthetic.look_alike(rng, image)
        return self._finish(image, picture.label, cells, rng)

    def pasted(self, rng: Rng) -> View:
        """A fixed camera's view with a flame or smoke laid into it, mostly small."""
        picture = self._backgrounds[int(rng.integers(len(self._backgrounds)))]
        image, cells = self._crop(_dressed(picture, rng), rng)
        if rng.random() < 0.3:
            synthetic.look_alike(rng, image)
        if rng.random() < 0.4:
            image = _at_night(image, rng)
        flame = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
        smoke = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
        label = int(rng.random() < 0.4)
        if label == 1 or rng.random() < 0.25:
            smoke = synthetic.drawn_smoke(rng, image)
        if label == 0:
            flame = self._lay_flames(image, rng)
        _mark(cells, smoke, 1, 0.16, 0.05)
        _mark(cells, flame, 0, 0.02, 0.004)
        if not (cells == label).any():
            label = 0 if (cells == 0).any() else 1 if (cells == 1).any() else _NEITHER
            if label == _NEITHER and (cells == IGNORED).any():
                return self.plain(picture, rng)
        return self._finish(image, label, cells, rng)

    def _lay_flames(self, image: Image, rng: Rng) -> Mask:
        cover = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
        at_x, at_y = rng.uniform(0.02, 0.95) * WIDTH_PX, rng.uniform(0.2, 0.98) * HEIGHT_PX
        for _ in range(int(rng.integers(1, 4))):
            sprite = None
            if rng.random() < 0.65:
                sprite = synthetic.cut_flame(rng, self._flames[int(rng.integers(len(self._flames)))])
            if sprite is None:
                sprite = synthetic.drawn_flame(rng, 64, int(rng.integers(24, 64)))
            height = int(np.exp(rng.uniform(np.log(10), np.log(110))))
            ratio = sprite.alpha.shape[1] / sprite.alpha.shape[0]
            size = (max(4, int(height * ratio)), height)
            x, y = int(at_x - size[0] / 2), int(at_y - height)
            cover = np.maximum(cover, synthetic.lay(image, sprite, x, y, size, glow=rng.uniform(0, 0.9)))
            at_x += rng.normal(0, 0.06) * WIDTH_PX
            at_y = min(HEIGHT_PX, at_y + rng.normal(0, 0.03) * HEIGHT_PX)
        return cover

    def _crop(self, picture: Picture, rng: Rng) -> tuple[Image, npt.NDArray[np.int64]]:
        height, width = picture.image_bgr.shape[:2]
        free = picture.label == _NEITHER or bool(picture.boxes)
        least = 0.35 if free else 0.75
        share = np.sqrt(rng.uniform(least, 1.0)) if rng.random() < 0.7 else 1.0
        bend = np.exp(rng.uniform(-0.15, 0.15))
        w, h = min(1.0, share * bend), min(1.0, share / bend)
        x, y = rng.uniform(0, 1 - w), rng.uniform(0, 1 - h)
        if picture.boxes and share < 1:  # keep one of its boxes in sight
            box = picture.boxes[int(rng.integers(len(picture.boxes)))]
            x = float(
                np.clip(x, min((box.x1 + box.x2) / 2 - w * 0.9, 1 - w), (box.x1 + box.x2) / 2 - w * 0.1)
            )
            y = float(
                np.clip(y, min((box.y1 + box.y2) / 2 - h * 0.9, 1 - h), (box.y1 + box.y2) / 2 - h * 0.1)
            )
            x, y = float(np.clip(x, 0, 1 - w)), float(np.clip(y, 0, 1 - h))
        part = picture.image_bgr[
            int(y * height) : max(int((y + h) * height), 8), int(x * width) : max(int((x + w) * width), 8)
        ]
        image = to_input(part)
        if not picture.boxes:
            fill = _NEITHER if picture.label == _NEITHER else IGNORED
            return image, np.full((ROWS, COLUMNS), fill, np.int64)
        return image, _cells_of(picture, x, y, w, h)

    def _finish(self, image: Image, label: int, cells: npt.NDArray[np.int64], rng: Rng) -> View:
        if rng.random() < 0.5:
            image, cells = np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(cells[:, ::-1])
        return View(_degrade(image, rng), label, cells)


def _dressed(picture: Picture, rng: Rng) -> Picture:
    """Half of the pictures with people: some of them wear the colours of fire."""
    if not picture.people or rng.random() < 0.5:
        return picture
    image = picture.image_bgr.copy()
    for person in picture.people:
        if rng.random() < 0.6:
            clothing.dress(rng, image, person)
    return replace(picture, image_bgr=image)


def _cells_of(picture: Picture, x: float, y: float, w: float, h: float) -> npt.NDArray[np.int64]:
    """Cells of the crop at x, y, w, h (0..1 of the picture) from the picture's boxes."""
    cells = np.full((ROWS, COLUMNS), _NEITHER if picture.complete else IGNORED, np.int64)
    for box in sorted(picture.boxes, key=lambda b: -b.label):  # flame after smoke: it wins
        x1, x2 = (box.x1 - x) / w * COLUMNS, (box.x2 - x) / w * COLUMNS
        y1, y2 = (box.y1 - y) / h * ROWS, (box.y2 - y) / h * ROWS
        for row in range(max(0, int(y1)), min(ROWS, int(np.ceil(y2)))):
            for column in range(max(0, int(x1)), min(COLUMNS, int(np.ceil(x2)))):
                shared = (min(x2, column + 1) - max(x1, column)) * (min(y2, row + 1) - max(y1, row))
                least = min(1.0, (x2 - x1) * (y2 - y1))
                inner = x1 + (x2 - x1) * 0.15 < column + 0.5 < x2 - (x2 - x1) * 0.15
                if shared > 0.5 * least and (inner or (x2 - x1) < 2):
                    cells[row, column] = box.label
                elif cells[row, column] == _NEITHER:
                    cells[row, column] = IGNORED
    return cells


def _mark(cells: npt.NDArray[np.int64], cover: Mask, label: int, enough: float, little: float) -> None:
    """Cells that `cover` fills to `enough` get `label`; those with a `little` of it are ignored."""
    share = cv2.resize(cover, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    cells[(share >= little) & (share < enough) & (cells == _NEITHER)] = IGNORED
    cells[share >= enough] = label


def _at_night(image: Image, rng: Rng) -> Image:
    dark = image.astype(np.float32) * rng.uniform(0.15, 0.6) + rng.uniform(0, 12)
    return np.clip(dark, 0, 255).astype(np.uint8)


def _degrade(image: Image, rng: Rng) -> Image:
    """What cameras, lenses, cables and recorders do to a picture."""
    work = _relit(image, rng)
    grey = rng.random()
    if grey < 0.13:
        mean = work.mean(axis=2, keepdims=True)
        work = np.repeat(mean, 3, axis=2) * rng.uniform(0.9, 1.15)
    elif grey < 0.35:
        mean = work.mean(axis=2, keepdims=True)
        work = mean + (work - mean) * rng.uniform(0.3, 1.4)
    if rng.random() < 0.35:
        work += rng.normal(0, rng.uniform(2, 14), (HEIGHT_PX, WIDTH_PX, 1 if grey < 0.13 else 3)).astype(
            np.float32
        )
    result = np.clip(work, 0, 255).astype(np.uint8)
    blur = rng.random()
    if blur < 0.2:
        result = cv2.GaussianBlur(result, (0, 0), rng.uniform(0.4, 1.4)).astype(np.uint8)
    elif blur < 0.4:
        scale = rng.uniform(0.4, 0.8)
        small = cv2.resize(result, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        result = cv2.resize(small, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    if rng.random() < 0.5:
        packed = cv2.imencode(".jpg", result, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])[1]
        result = cv2.imdecode(packed, cv2.IMREAD_COLOR).astype(np.uint8)
    if rng.random() < 0.12:  # captions and black edges, as recorders and editors leave them
        edge = int(rng.integers(4, 40))
        if rng.random() < 0.5:
            result[:edge], result[-edge:] = 0, 0
        else:
            cv2.putText(result, "2026-03-14 02:17:45", (6, 18), 0, rng.uniform(0.3, 0.6), (255, 255, 255), 1)
    return result


def _relit(image: Image, rng: Rng) -> npt.NDArray[np.float32]:
    """Other contrast, light and tint."""
    work = image.astype(np.float32)
    if rng.random() < 0.7:
        work = (work - 128) * rng.uniform(0.65, 1.35) + 128 + rng.uniform(-30, 30)
    if rng.random() < 0.5:
        work = 255 * np.clip(work / 255, 0, 1) ** np.exp(rng.uniform(-0.5, 0.5))
    if rng.random() < 0.1:  # too much light: what is bright has no colour left
        work = work * rng.uniform(1.3, 2.2)
    if rng.random() < 0.4:
        work *= rng.uniform(0.85, 1.15, 3).astype(np.float32)
    return work
