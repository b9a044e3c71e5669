"""Cheap measures of a camera's pictures: what changed, and whether the view is still the old one. No model.

A picture is compared at 320 pixels' width. Edges are compared block by block against a slowly learnt mean of this view,
one mean for each kind of light (colour or infrared, bright or dim), because a view looks different in each.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.agent.pipeline import Image
from edge.agent.policy.motion_gate import Glance
from edge.agent.policy.view import ViewMeasures

Floats = npt.NDArray[np.float32]
"""(height, width), one value a pixel."""

_WIDTH_PX = 320
_EDGE_WIDTH_PX = 160
_BACKGROUND_LEVELS_PER_S = 3.0
_REFERENCE_S = 300.0
_EDGE = 40.0
_BRIGHT = 245
_COLOURLESS = 4.0
_LEVELS = (45.0, 100.0)
_BLOCKS = (4, 6)
_BLOCK_TEXTURE = 2.0
_CLOCK_AREA = 0.06
_CLOCK_RIM = 0.2
_LEAST_LEARNT = 5


@dataclass(slots=True)
class _Reference:
    """Mean edges of a view in one kind of light."""

    edges: Floats
    pictures: int = 1
    at_ms: int = 0


class ViewMeter:
    """Of one camera, one thread. Keeps small pictures in memory; none leaves it.

    For each frame: `glance`, then `looked` when the models looked at it; and now and then `measure`, then `learn` or
    `forget` as the policy says.
    """

    def __init__(self) -> None:
        self._small: Image | None = None
        self._looked: Image | None = None
        self._before: Image | None = None
        self._background: npt.NDArray[np.float32] | None = None
        self._at_ms = 0
        self._references: dict[tuple[bool, int], _Reference] = {}
        self._edges: Floats | None = None
        self._light = (True, 0)
        self._edges_before: Floats | None = None
        self._anchor: Image | None = None
        self._clock: npt.NDArray[np.bool_] | None = None
        self._window: dict[tuple[int, ...], Floats] = {}

    def glance(self, image_bgr: Image, now_ms: int) -> Glance:
        """Compare a picture with the one looked at last and with the background."""
        small = _reduced(image_bgr, _WIDTH_PX)
        last, background = self._small, self._background
        if last is None or background is None or small.shape != last.shape:
            last, background = small, small.astype(np.float32)
            self._begin()
        glance = Glance(
            since_look=255.0 if self._looked is None else _greatest(small, self._looked),
            since_background=_greatest(small, cv2.convertScaleAbs(background)),
            noise=_noise(small, last),
        )
        elapsed_s = max(now_ms - self._at_ms, 0) / 1000
        # By steps and not by shares: who passes leaves no ghost, what stays is background after half a minute.
        most = _BACKGROUND_LEVELS_PER_S * elapsed_s
        background += np.clip(small - background, -most, most)
        self._small, self._background, self._at_ms = small, background, now_ms
        return glance

    def looked(self) -> None:
        """The models looked at the picture of the last glance."""
        self._looked = self._small

    def measure(self) -> ViewMeasures:
        """Measure the picture of the last glance. Raises RuntimeError before the first."""
        small = self._small
        if small is None:
            raise RuntimeError("measure follows glance: there is no picture yet")
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        level, contrast = (float(each[0, 0]) for each in cv2.meanStdDev(grey))
        edges = _edges(grey)
        colour = float(np.mean(small.max(axis=2).astype(np.int16) - small.min(axis=2)))
        self._edges = edges
        self._light = (colour >= _COLOURLESS, sum(level >= each for each in _LEVELS))
        reference = self._references.get(self._light)
        learnt = reference if reference is not None and reference.pictures >= _LEAST_LEARNT else None
        kept = None if learnt is None else _resemblance(learnt.edges, edges)
        shift_share, shift_gain = (None, None) if learnt is None else self._shift(learnt.edges, edges, kept)
        measures = ViewMeasures(
            level=level,
            contrast=contrast,
            edge_share=float(np.mean(edges > math.sqrt(_EDGE))),
            bright_share=float(np.mean(grey >= _BRIGHT)),
            noise=0.0 if self._before is None else _noise(small, self._before),
            kept=kept,
            shift_share=shift_share,
            shift_gain=shift_gain,
            steady=None if self._edges_before is None else _resemblance(self._edges_before, edges),
            same=self._is_same(small),
        )
        self._before, self._edges_before = small, edges
        return measures

    def learn(self, now_ms: int) -> None:
        """Let the reference learn the picture that was measured last."""
        if self._edges is None:
            return
        reference = self._references.get(self._light)
        if reference is None:
            self._references[self._light] = _Reference(self._edges.copy(), 1, now_ms)
            return
        elapsed_s = max(now_ms - reference.at_ms, 0) / 1000
        reference.pictures += 1
        # The mean of all at first, a slow one later; a long pause gives one picture no more weight than its share.
        weight = max(1 / reference.pictures, min(1 - math.exp(-elapsed_s / _REFERENCE_S), 0.02))
        cv2.accumulateWeighted(self._edges, reference.edges, weight)
        reference.at_ms = now_ms

    def forget(self) -> None:
        """The view is another one: begin anew."""
        self._references.clear()

    def _begin(self) -> None:
        self._looked = self._before = self._anchor = None
        self._edges_before = self._edges = None
        self._references.clear()

    def _shift(self, reference: Floats, edges: Floats, kept: float | None) -> tuple[float, float]:
        """How far the picture is shifted, of its width, and how much better it fits then."""
        if min(edges.shape) < _BLOCKS[1]:
            return 0.0, 0.0
        window = self._window.get(edges.shape)
        if window is None:
            window = cv2.createHanningWindow(edges.shape[::-1], cv2.CV_32F).astype(np.float32)
            self._window = {edges.shape: window}
        # The window is put on here: OpenCV's own puts it on in place, and would wear the reference away.
        (dx, dy), _ = cv2.phaseCorrelate(reference * window, edges * window)
        share = math.hypot(dx, dy) / edges.shape[1]
        back = np.array([[1, 0, -dx], [0, 1, -dy]], dtype=np.float32)
        moved = cv2.warpAffine(edges, back, edges.shape[::-1]).astype(np.float32)
        return share, _resemblance(reference, moved) - (kept or 0.0)

    def _is_same(self, small: Image) -> bool:
        """Exactly the picture of before, but for one small area at the upper or lower rim: a clock."""
        if self._anchor is None or self._clock is None:
            self._anchor, self._clock = small, np.zeros(small.shape[:2], dtype=np.bool_)
            return False
        clock = self._clock | (small != self._anchor).any(axis=2)
        if _is_clock(clock):
            self._clock = clock
            return True
        self._anchor, self._clock = small, np.zeros(small.shape[:2], dtype=np.bool_)
        return False


def _reduced(image_bgr: Image, width_px: int) -> Image:
    height, width = image_bgr.shape[:2]
    if width <= width_px:
        return image_bgr.copy()
    size = (width_px, max(1, round(height * width_px / width)))
    return np.asarray(cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _greatest(a: Image, b: cv2.typing.MatLike) -> float:
    """The greatest difference of a spot of 3 x 3 pixels, in any colour, in levels."""
    return float(cv2.blur(cv2.absdiff(a, b), (3, 3)).max())


def _noise(a: Image, b: Image) -> float:
    """The spread of the differences that most pixels show, in levels; what moves in less than half of the picture is none."""
    difference = cv2.absdiff(a, b)[::2, ::2, 1]
    return 1.4826 * float(np.median(difference))


def _edges(grey: cv2.typing.MatLike) -> Floats:
    """The root of the gradient's size, at half the width: strong edges do not drown the weak."""
    size = (max(_EDGE_WIDTH_PX, 1), max(1, round(grey.shape[0] * _EDGE_WIDTH_PX / grey.shape[1])))
    half = cv2.GaussianBlur(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), (3, 3), 0)
    dx, dy = cv2.Sobel(half, cv2.CV_32F, 1, 0), cv2.Sobel(half, cv2.CV_32F, 0, 1)
    return np.sqrt(cv2.magnitude(dx, dy)).astype(np.float32)


def _resemblance(reference: Floats, edges: Floats) -> float:
    """Median over the blocks that have a texture of the correlation of their edges; 1 the same, about 0 another view."""
    height, width = edges.shape
    rows, columns = _BLOCKS
    found: list[float] = []
    for row in range(rows):
        for column in range(columns):
            part = (
                slice(row * height // rows, (row + 1) * height // rows),
                slice(column * width // columns, (column + 1) * width // columns),
            )
            a, b = reference[part], edges[part]
            spread = float(a.std()) if a.size else 0.0
            if spread >= _BLOCK_TEXTURE:
                other = float(b.std())
                shared = float(((a - a.mean()) * (b - b.mean())).mean())
                found.append(shared / (spread * other) if other > 1e-3 else 0.0)
    return float(np.median(found)) if found else 1.0


def _is_clock(changed: npt.NDArray[np.bool_]) -> bool:
    """Nothing changed, or one small area at the upper or lower rim."""
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if rows.size == 0:
        return True
    height, width = changed.shape
    area = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1) / changed.size
    at_rim = rows[-1] < _CLOCK_RIM * height or rows[0] >= (1 - _CLOCK_RIM) * height
    return bool(area <= _CLOCK_AREA and at_rim and width > 0)
