"""Workers' clothing in the colours of fire, given to people who are really in the picture: with folds and reflecting bands."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from models.training.fire.pictures import Corners, Image

_LEAST_HEIGHT_PX = 14
_HUES_AND_SHARES = (((0, 4), 0.25), ((4, 12), 0.4), ((12, 22), 0.2), ((24, 38), 0.15))
"""Ranges of OpenCV's hue (0..180): red, orange, amber, yellow-green; and how often each is worn."""


def dress(rng: np.random.Generator, image: Image, person: Corners) -> bool:
    """Recolour what one person (corners 0..1) wears, in place; False where the person is too small to tell.

    What is like the middle of the trunk in colour is taken for the garment; its light and shade stay.
    """
    height, width = image.shape[:2]
    x1, x2 = max(0, int(person.x1 * width)), min(width, int(np.ceil(person.x2 * width)))
    top, bottom = max(0.0, person.y1) * height, min(1.0, person.y2) * height
    y1, y2 = int(top + 0.12 * (bottom - top)), int(bottom - rng.uniform(0.0, 0.45) * (bottom - top))
    if bottom - top < _LEAST_HEIGHT_PX or x2 - x1 < 4 or y2 - y1 < 4:
        return False
    part = image[y1:y2, x1:x2]
    garment = _garment(part)
    hsv = cv2.cvtColor(part, cv2.COLOR_BGR2HSV).astype(np.float32)
    hue, lit = _hue(rng), rng.uniform(120, 235)
    shade = (hsv[:, :, 2] - np.median(hsv[:, :, 2])) * rng.uniform(0.5, 1.0)
    worn = np.empty_like(hsv)
    worn[:, :, 0] = np.clip(hue + rng.normal(0, 1.0, hsv.shape[:2]), 0, 179)
    worn[:, :, 1] = np.clip(rng.uniform(150, 250) - 0.3 * shade, 0, 255)
    worn[:, :, 2] = np.clip(lit + shade, 0, 255)
    coloured = cv2.cvtColor(worn.astype(np.uint8), cv2.COLOR_HSV2BGR).astype(np.float32)
    if rng.random() < 0.6:
        _bands(rng, coloured)
    amount = garment[:, :, None]
    image[y1:y2, x1:x2] = np.clip(part * (1 - amount) + coloured * amount, 0, 255).astype(np.uint8)
    return True


def _hue(rng: np.random.Generator) -> float:
    shares = [share for _, share in _HUES_AND_SHARES]
    low, high = _HUES_AND_SHARES[int(rng.choice(len(shares), p=shares))][0]
    return float(rng.uniform(low, high))


def _garment(part: Image) -> npt.NDArray[np.float32]:
    """(height, width), 0..1: how much of each pixel is garment."""
    height, width = part.shape[:2]
    lab = cv2.cvtColor(part, cv2.COLOR_BGR2LAB).astype(np.float32)
    lab[:, :, 0] *= 0.5  # shade matters less than colour
    trunk = lab[: max(2, height // 2), width // 3 : max(width // 3 + 1, 2 * width // 3)]
    far = np.linalg.norm(lab - np.median(trunk, axis=(0, 1)), axis=2)
    alike = np.clip(2.0 - far / 18, 0, 1)
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    inside = np.clip(4 * (1.1 - np.abs(columns) ** 2 - 0.3 * np.abs(rows) ** 4), 0, 1)
    return cv2.GaussianBlur((alike * inside).astype(np.float32), (0, 0), 0.7).astype(np.float32)


def _bands(rng: np.random.Generator, garment: npt.NDArray[np.float32]) -> None:
    """Reflecting bands round the trunk."""
    height = len(garment)
    thick = max(1, height // int(rng.integers(9, 16)))
    for at in rng.uniform(0.15, 0.85, int(rng.integers(1, 3))):
        garment[int(at * height) : int(at * height) + thick] = rng.uniform(180, 245)
