"""Drawn rooms, streets and people: pictures of our own making, to try the shipped models on."""

import cv2
import numpy as np
import numpy.typing as npt

from models.training.fire.synthetic import drawn_flame, drawn_smoke, fractal_noise, lay

Picture = npt.NDArray[np.uint8]
WIDTH_PX, HEIGHT_PX = 640, 360
Colour = tuple[int, int, int]


def draw_room(rng: np.random.Generator) -> Picture:
    """(180, 320, 3): a room or a yard of clouds and boxes, light or dark, with a camera's noise."""
    return with_noise(rng, room_light(rng), 2)


def room_light(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """The same before the camera's noise."""
    height_px, width_px = 180, 320
    light = rng.uniform(0.3, 1.0)
    tint = rng.uniform(0.85, 1.1, 3)
    room = 60 + 100 * fractal_noise(rng, height_px, width_px, 0.4)[:, :, None] * tint
    room[int(height_px * 0.6) :] *= 0.7
    for _ in range(5):
        x, y, grey = int(rng.integers(0, 280)), int(rng.integers(20, 120)), rng.uniform(40, 180)
        room[y : y + int(rng.integers(20, 60)), x : x + int(rng.integers(15, 60))] = grey * tint
    lit: npt.NDArray[np.float64] = room * light
    return lit


def tiny_flame(rng: np.random.Generator, picture: Picture) -> None:
    """Lay a flame of 5 to 11 pixels somewhere into a room."""
    height = int(rng.integers(5, 12))
    x, y = int(rng.integers(10, 290)), int(rng.integers(40, 150))
    lay(picture, drawn_flame(rng, 64, 44), x, y, (max(2, int(height * 0.7)), height), glow=0.1)


def thin_smoke(rng: np.random.Generator, picture: Picture) -> None:
    """Lay smoke of half its thickness over a room."""
    smoky = picture.copy()
    drawn_smoke(rng, smoky)
    picture[:] = (picture * 0.45 + smoky * 0.55).astype(np.uint8)


def draw_street(
    number: int, height_px: int, size_px: tuple[int, int] = (WIDTH_PX, HEIGHT_PX), seed: int = 5
) -> Picture:
    """`number` people side by side, evenly over the width of `size_px` (width, height), all `height_px` tall."""
    rng = np.random.default_rng(seed)
    width, height = size_px
    picture = _ground(rng, width, height)
    for i in range(number):
        _person(rng, picture, int(width * (2 * i + 1) / (2 * number)), int(height * 0.9), height_px)
    return with_noise(rng, cv2.GaussianBlur(picture, (0, 0), 0.8), 3)


def draw_square(number: int, height_px: int, seed: int = 5) -> Picture:
    """`number` people at random places of 640 x 480 pixels, seen from above: who stands farther back is smaller."""
    rng = np.random.default_rng(seed)
    picture = _ground(rng, WIDTH_PX, 480)
    feet = sorted((float(rng.uniform(0.3, 0.98)), float(rng.uniform(0.03, 0.97))) for _ in range(number))
    for depth, across in feet:
        _person(
            rng, picture, int(across * WIDTH_PX), int(depth * 480), round(height_px * (0.5 + 0.5 * depth))
        )
    return with_noise(rng, cv2.GaussianBlur(picture, (0, 0), 0.8), 3)


def with_noise(rng: np.random.Generator, picture: npt.NDArray[np.generic], spread: float) -> Picture:
    """As a camera gives it: normal noise of `spread`, in whole numbers."""
    seen: Picture = np.clip(picture + rng.normal(0, spread, picture.shape), 0, 255).astype(np.uint8)
    return seen


def _ground(rng: np.random.Generator, width_px: int, height_px: int) -> Picture:
    """Pavement, a wall behind it, windows."""
    picture = np.full((height_px, width_px, 3), (128, 132, 134), np.uint8)
    wall = int(height_px * 0.28)
    picture[:wall] = (120, 138, 152)
    for x in range(20, width_px, 80):
        cv2.rectangle(picture, (x, wall // 4), (x + 40, wall - 12), (88, 80, 70), -1)
    for y in range(wall, height_px, 30):
        cv2.line(picture, (0, y), (width_px, y), (118, 121, 123), 1)
    return with_noise(rng, picture, 5)


def _person(rng: np.random.Generator, picture: Picture, x: int, feet_y: int, height_px: int) -> None:
    """Somebody who walks: head, hair, jacket, arms, trousers, shoes."""
    unit = height_px / 100
    top = feet_y - height_px
    skin = (130, 160, 205)
    jacket, trousers, hair = (_colour(rng, 30, 190), _colour(rng, 20, 90), _colour(rng, 10, 60))
    stride = float(rng.uniform(4, 10))

    def at(dx: float, dy: float) -> tuple[int, int]:
        return round(x + dx * unit), round(top + dy * unit)

    def limb(first: tuple[float, float], second: tuple[float, float], wide: float, colour: Colour) -> None:
        cv2.line(picture, at(*first), at(*second), colour, max(1, round(wide * unit)), cv2.LINE_AA)

    cv2.ellipse(
        picture, at(0, 99), (round(14 * unit), max(1, round(2.5 * unit))), 0, 0, 360, (80, 82, 84), -1
    )
    for side in (-1, 1):
        limb((side * 4, 50), (side * stride, 95), 9.5, trousers)
        limb((side * stride, 96), (side * stride + 4, 97), 5, (25, 25, 30))
        limb((side * 11, 22), (side * (12 + stride / 2), 48), 6, jacket)
        cv2.circle(
            picture, at(side * (12 + stride / 2), 51), max(1, round(2.6 * unit)), skin, -1, cv2.LINE_AA
        )
    body = np.array([at(-12, 19), at(-5, 16), at(5, 16), at(12, 19), at(10, 54), at(-10, 54)], np.int32)
    cv2.fillPoly(picture, [body], jacket, cv2.LINE_AA)
    limb((0, 12), (0, 17), 5, skin)
    cv2.ellipse(
        picture,
        at(0, 8),
        (max(1, round(5.2 * unit)), max(1, round(7 * unit))),
        0,
        0,
        360,
        skin,
        -1,
        cv2.LINE_AA,
    )
    cv2.ellipse(
        picture,
        at(0, 5),
        (max(1, round(5.6 * unit)), max(1, round(5 * unit))),
        0,
        180,
        360,
        hair,
        -1,
        cv2.LINE_AA,
    )


def _colour(rng: np.random.Generator, low: int, high: int) -> Colour:
    blue, green, red = (int(value) for value in rng.integers(low, high, 3))
    return blue, green, red
