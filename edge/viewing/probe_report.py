"""What a probe found, and what it advises. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from edge.agent.sources.camera_opening import StreamFacts
from edge.agent.sources.camera_order import CameraKind

_LARGE_PX = 1280
_FAST_FPS = 16.0
_DARK, _BRIGHT, _FLAT = 30.0, 225.0, 12.0
_OLD_MS = 1000
_LONG_S = 4.0


@dataclass(frozen=True, slots=True)
class Glance:
    """One frame that was handed over: when (seconds since the first), how old, and its light (grey levels 0..255)."""

    at_s: float
    age_ms: int
    read: int
    """Frames read from the camera by then."""
    brightness: float
    contrast: float


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """One camera, looked at for a while."""

    camera: str
    """Its address without user, password and path."""
    kind: CameraKind
    facts: StreamFacts
    analyse_fps: float
    open_s: float
    first_frame_s: float
    looked_s: float
    glances: tuple[Glance, ...]
    ended: bool = False

    @property
    def measured_fps(self) -> float | None:
        """Frames a second that came; None when they were too few to say."""
        if len(self.glances) < 2 or self.glances[-1].at_s <= self.glances[0].at_s:
            return None
        first, last = self.glances[0], self.glances[-1]
        return (last.read - first.read) / (last.at_s - first.at_s)

    @property
    def intervals_ms(self) -> list[float]:
        """Between one frame handed over and the next."""
        times = [glance.at_s for glance in self.glances]
        return [1000 * (after - before) for before, after in pairwise(times)]

    def hints(self) -> list[str]:
        """What to change; nothing where all is well."""
        facts, fps = self.facts, self.measured_fps
        brightness = statistics.median(glance.brightness for glance in self.glances)
        contrast = statistics.median(glance.contrast for glance in self.glances)
        intervals_ms = self.intervals_ms
        largest_gap_s = max(intervals_ms, default=0) / 1000
        hints = []
        if self.kind is CameraKind.STREAM and max(facts.width_px, facts.height_px) > _LARGE_PX:
            hints.append(
                f"{facts.width_px}x{facts.height_px} looks like the main stream: use the camera's sub-stream "
                "(640x360 to 1280x720); decoding this costs the box several times as much"
            )
        if self.kind is CameraKind.STREAM and fps is not None and fps > _FAST_FPS:
            hints.append(
                f"{fps:.0f} frames a second are decoded and {self.analyse_fps:g} looked at: "
                "set the sub-stream to 8 to 15 a second"
            )
        if fps is not None and fps < 0.9 * self.analyse_fps:
            hints.append(
                f"fewer frames come ({fps:.1f} a second) than analyse_fps asks for ({self.analyse_fps:g}): "
                "raise the camera's rate or lower analyse_fps"
            )
        if intervals_ms and largest_gap_s > max(1.0, 8 * statistics.median(intervals_ms) / 1000):
            hints.append(f"frames came {largest_gap_s:.1f} s apart at worst: check network and cable")
        if self.first_frame_s - self.open_s > _LONG_S:
            hints.append(
                "the first picture came late: set the camera's key frame (I-frame) interval to 1 or 2 s"
            )
        if max(glance.age_ms for glance in self.glances) > _OLD_MS:
            hints.append("frames wait before they are handed over: this machine is too busy for this stream")
        return hints + _light_hints(brightness, contrast)

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        fps = self.measured_fps
        return {
            "camera": self.camera,
            "kind": self.kind.value,
            "width_px": self.facts.width_px,
            "height_px": self.facts.height_px,
            "codec": self.facts.codec or None,
            "fps_told": self.facts.fps or None,
            "fps": None if fps is None else round(fps, 2),
            "open_s": round(self.open_s, 2),
            "first_frame_s": round(self.first_frame_s, 2),
            "interval_ms": _spread(self.intervals_ms),
            "age_ms": _spread([glance.age_ms for glance in self.glances]),
            "brightness": round(statistics.median(glance.brightness for glance in self.glances), 1),
            "contrast": round(statistics.median(glance.contrast for glance in self.glances), 1),
            "frames": len(self.glances),
            "looked_s": round(self.looked_s, 2),
            "hints": self.hints(),
        }

    def lines(self) -> list[str]:
        """For people."""
        told = self.to_json()
        size = f"{told['width_px']}x{told['height_px']}" if told["width_px"] else "size not told"
        fps = "rate not measured" if told["fps"] is None else f"{told['fps']:.1f} frames a second"
        between, age = told["interval_ms"], told["age_ms"]
        lines = [
            f"OK: {told['camera']} ({told['kind']}): {size}, {told['codec'] or 'codec not told'}, {fps}",
            f"first picture after {told['first_frame_s']:.1f} s (open after {told['open_s']:.1f} s)",
            f"between frames {_shown(between)}; old when handed over {_shown(age)}",
            f"brightness {told['brightness']:.0f} of 255, contrast {told['contrast']:.0f}",
        ]
        return lines + [f"HINT: {hint}" for hint in told["hints"]]


def _light_hints(brightness: float, contrast: float) -> list[str]:
    if brightness < _DARK:
        return ["the picture is very dark: light the place, or switch the camera's infrared on"]
    if brightness > _BRIGHT:
        return ["the picture is very bright: turn the camera from the light"]
    if contrast < _FLAT:
        return ["the picture has hardly any contrast: is the lens covered, dirty or out of focus?"]
    return []


def _spread(values: Sequence[float]) -> dict[str, int] | None:
    if not values:
        return None
    ranked = sorted(values)
    return {
        "p50": round(statistics.median(ranked)),
        "p95": round(ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))]),
        "max": round(ranked[-1]),
    }


def _shown(spread: dict[str, int] | None) -> str:
    if spread is None:
        return "not measured"
    return f"{spread['p50']} ms (p95 {spread['p95']}, worst {spread['max']})"
