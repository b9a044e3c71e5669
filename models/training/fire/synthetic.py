"""Flames, smoke and their look-alikes drawn or pasted into a picture, each with the mask of where it went."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from models.training.fire.pictures import Image, Picture

Mask = npt.NDArray[np.float32]
"""(height, width), 0..1: how much of a pixel is covered."""
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Sprite:
    """A cut-out to be laid over a picture."""

    image_bgr: npt.NDArray[np.float32]
    alpha: Mask


def fractal_noise(rng: Rng, height: int, width: int, rough: float = 0.55) -> Mask:
    """Clouds in 0..1: octaves of smoothed noise, each finer one weaker by `rough`."""
    total = np.zeros((height, width), np.float32)
    weight = 1.0
    cells = 2
    while cells < max(height, width):
        rows = max(2, round(cells * height / max(height, width)) + 1)
        columns = max(2, round(cells * width / max(height, width)) + 1)
        layer = rng.random((rows, columns), dtype=np.float32)
        total += weight * cv2.resize(layer, (width, height), interpolation=cv2.INTER_CUBIC)
        weight *= rough
        cells *= 2
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-6)


def drawn_flame(rng: Rng, height: int, width: int) -> Sprite:
    """Tongues of fire: noise stretched upwards, hot below, thinning above."""
    clouds = fractal_noise(rng, max(4, height // 2), width)
    clouds = cv2.resize(clouds, (width, height), interpolation=cv2.INTER_LINEAR)
    ys = np.linspace(1, 0, height, dtype=np.float32)[:, None]  # 1 at the tip
    xs = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    lean = rng.uniform(-0.5, 0.5) * ys**2
    body = 1.0 - ((xs - lean) / (1.05 - 0.75 * ys)) ** 2 - ys ** rng.uniform(1.2, 2.5) * 0.7
    heat = np.clip(body * 0.9 + (clouds - 0.5) * rng.uniform(0.8, 1.6), 0, 1)
    heat *= np.clip((1 - ys) * 12, 0, 1)
    heat = cv2.GaussianBlur(heat.astype(np.float32), (0, 0), 0.6 + 0.01 * height)
    blue = np.clip((heat - 0.75) * rng.uniform(2, 4.5), 0, 1) * 235
    green = np.clip((heat - 0.15) * rng.uniform(1.0, 1.8), 0, 1) * 250
    red = np.clip(heat * rng.uniform(2.5, 4), 0, 1) * 255
    alpha = np.clip(heat * rng.uniform(2.0, 4.0) - 0.2, 0, 1)
    return Sprite(np.stack([blue, green, red], axis=2).astype(np.float32), alpha.astype(np.float32))


def cut_flame(rng: Rng, picture: Picture) -> Sprite | None:
    """The flame inside one of a picture's boxes: what is bright and rather red than blue."""
    boxes = [box for box in picture.boxes if box.label == 0 and box.x2 - box.x1 < 0.8]
    if not boxes:
        return None
    box = boxes[int(rng.integers(len(boxes)))]
    height, width = picture.image_bgr.shape[:2]
    x1, x2 = int(box.x1 * width), int(np.ceil(box.x2 * width))
    y1, y2 = int(box.y1 * height), int(np.ceil(box.y2 * height))
    crop = picture.image_bgr[y1:y2, x1:x2].astype(np.float32)
    if min(crop.shape[:2]) < 8:
        return None
    red, blue = crop[:, :, 2], crop[:, :, 0]
    hot = np.clip((red - 0.6 * blue - 70) / 70, 0, 1) * np.clip((red - 120) / 60, 0, 1)
    hot = np.maximum(hot, np.clip((crop.min(axis=2) - 215) / 30, 0, 1))
    rows = np.linspace(-1, 1, crop.shape[0], dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, crop.shape[1], dtype=np.float32)[None, :]
    fade = np.clip(3 * (1 - np.maximum(np.abs(rows), np.abs(columns)) ** 2), 0, 1)
    alpha = cv2.GaussianBlur((hot * fade).astype(np.float32), (0, 0), 0.8)
    if float(alpha.mean()) < 0.12:
        return None
    return Sprite(crop, alpha)


def lay(picture: Image, sprite: Sprite, x: int, y: int, size: tuple[int, int], *, glow: float) -> Mask:
    """Blend `sprite`, scaled to `size` (width, height), at x, y (may leave the picture); `glow` lights what is around."""
    height, width = picture.shape[:2]
    image = cv2.resize(sprite.image_bgr, size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(sprite.alpha, size, interpolation=cv2.INTER_AREA)
    cover = np.zeros((height, width), np.float32)
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + size[0], width), min(y + size[1], height)
    if right <= left or bottom <= top:
        return cover
    part = (slice(top - y, bottom - y), slice(left - x, right - x))
    cover[top:bottom, left:right] = alpha[part]
    if glow > 0:
        light = cv2.GaussianBlur(
            cv2.resize(cover, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA),
            (0, 0),
            max(1.0, max(size) / 6),
        )
        light = cv2.resize(light, (width, height))[:, :, None] * np.array([40, 110, 190], np.float32) * glow
        picture[:] = np.clip(picture + light, 0, 255).astype(np.uint8)
    region = picture[top:bottom, left:right].astype(np.float32)
    amount = alpha[part][:, :, None]
    picture[top:bottom, left:right] = np.clip(region * (1 - amount) + image[part] * amount, 0, 255).astype(
        np.uint8
    )
    return cover


def drawn_smoke(rng: Rng, picture: Image) -> Mask:
    """Lay a plume or a haze of noise over `picture`; gives how thick it is."""
    height, width = picture.shape[:2]
    clouds = fractal_noise(rng, height, width, rng.uniform(0.4, 0.6))
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    if rng.random() < 0.3:  # fills the room, thicker below the ceiling
        shape = np.clip(1.15 - ys / height * rng.uniform(0.2, 1.2), 0, 1)
        strength = rng.uniform(0.45, 0.95)
    else:  # a plume that widens upwards from a foot
        foot_x, foot_y = rng.uniform(0.1, 0.9) * width, rng.uniform(0.3, 1.0) * height
        rise = (foot_y - ys) / height
        drift = foot_x + rng.uniform(-0.6, 0.6) * width * rise
        spread = width * (rng.uniform(0.02, 0.08) + rng.uniform(0.15, 0.5) * np.clip(rise, 0, 1))
        shape = np.exp(-(((xs - drift) / spread) ** 2)) * np.clip(rise * 14 + 0.5, 0, 1)
        shape *= np.clip(1 - rise * rng.uniform(0.4, 2.0), 0, 1)
        strength = rng.uniform(0.6, 1.0)
    alpha = np.clip(shape * (0.35 + 0.95 * clouds) * strength, 0, 0.97).astype(np.float32)
    shade = rng.uniform(70, 225) if rng.random() < 0.8 else rng.uniform(15, 60)
    tint = np.array([shade, shade, shade], np.float32) + rng.uniform(-10, 10, 3).astype(np.float32)
    texture = fractal_noise(rng, height, width)[:, :, None] * rng.uniform(10, 70) - 25
    mixed = picture * (1 - alpha[:, :, None]) + (tint + texture) * alpha[:, :, None]
    picture[:] = np.clip(mixed, 0, 255).astype(np.uint8)
    return alpha


def look_alike(rng: Rng, picture: Image) -> None:
    """Draw what is red, orange or bright and is no fire: neon, hi-vis clothing, lamps, a low sun, a candle, steam."""
    height, width = picture.shape[:2]
    kind = int(rng.integers(7))
    hot = ((0, 0, 255), (0, 90, 255), (0, 150, 255), (40, 230, 255), (180, 60, 255), (60, 255, 120))
    colour = tuple(
        int(c) for c in np.clip(np.array(hot[int(rng.integers(len(hot)))]) + rng.integers(-30, 30, 3), 0, 255)
    )
    x, y = int(rng.uniform(0, 0.9) * width), int(rng.uniform(0, 0.9) * height)
    if kind == 0:  # neon writing
        layer = np.zeros_like(picture)
        text = "".join(rng.choice(list("ABCDEHKLMNOPRSTUVXYZ0123456789"), int(rng.integers(2, 7))))
        cv2.putText(
            layer,
            text,
            (x, y + 12),
            int(rng.integers(0, 5)),
            rng.uniform(0.3, 1.8),
            colour,
            int(rng.integers(1, 4)),
        )
        glow = cv2.GaussianBlur(layer, (0, 0), rng.uniform(2, 6))
        picture[:] = cv2.add(cv2.add(picture, glow), layer)
    elif kind == 1:  # clothing with a reflecting band
        w, h = int(rng.uniform(6, 50)), int(rng.uniform(10, 70))
        cv2.rectangle(picture, (x, y), (x + w, y + h), colour, -1)
        band = y + h // 2
        cv2.rectangle(picture, (x, band), (x + w, band + max(1, h // 8)), (215, 220, 220), -1)
    elif kind == 2:  # head lamps or tail lamps
        layer = np.zeros_like(picture)
        lamp = (255, 255, 255) if rng.random() < 0.6 else (30, 30, 255)
        size = int(rng.integers(2, 9))
        gap = int(rng.integers(8, 50))
        for at in (x, x + gap):
            cv2.circle(layer, (at, y), size, lamp, -1)
        picture[:] = cv2.add(cv2.add(picture, cv2.GaussianBlur(layer, (0, 0), size * 2.0)), layer)
    elif kind == 3:  # a low sun, or a warm lamp, on everything
        ramp = np.linspace(rng.uniform(0, 1), rng.uniform(0, 1), width, dtype=np.float32)[None, :, None]
        warm = np.array([0, rng.uniform(40, 90), rng.uniform(90, 170)], np.float32)
        picture[:] = np.clip(picture + ramp * warm, 0, 255).astype(np.uint8)
    elif kind == 4:  # a candle, far from filling the view: by itself no alarm
        sprite = drawn_flame(rng, 24, 12)
        tall = int(rng.uniform(3, 6))
        lay(picture, sprite, x, y, (max(2, tall // 2), tall), glow=0.0)
    elif kind == 5:  # plain red or orange surfaces
        corners = rng.uniform(0, 1, (4, 2)) * np.array([width, height]) * rng.uniform(0.1, 0.6) + np.array(
            [x, y]
        )
        cv2.fillConvexPoly(picture, cv2.convexHull(corners.astype(np.int32)), colour)
    else:  # a wisp of steam: low contrast, small
        sprite_alpha = fractal_noise(rng, 40, 24) * 0.35
        rows = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
        columns = np.linspace(-1, 1, 24, dtype=np.float32)[None, :]
        sprite_alpha *= np.clip(1 - rows**2 - columns**2, 0, 1)
        white = np.full((40, 24, 3), 225, np.float32)
        lay(picture, Sprite(white, sprite_alpha.astype(np.float32)), x, y, (12, 20), glow=0.0)
