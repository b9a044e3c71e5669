"""What would have been said over a clip, put together for people and for scripts. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edge.agent.observation import EventSeen
from redwhistle.contracts.events import CrowdData, DeviceData, SeenData


@dataclass(frozen=True, slots=True)
class ClipEvent:
    """One event, at its time in the clip (seconds from the first frame). `box_xyxy_px` in pixels of the clip."""

    t_s: float
    kind: str
    active: bool
    score: float | None
    box_xyxy_px: tuple[float, float, float, float] | None
    note: str

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        box = None if self.box_xyxy_px is None else list(self.box_xyxy_px)
        return {
            "t_s": self.t_s,
            "kind": self.kind,
            "score": self.score,
            "box_xyxy_px": box,
            "note": self.note,
        }

    def line(self) -> str:
        """For people."""
        minutes, seconds = divmod(self.t_s, 60)
        score = "" if self.score is None else f"  score {self.score:.2f}"
        return f"{int(minutes):3d}:{seconds:05.2f}  {self.kind}{score}  {self.note}".rstrip()


@dataclass(frozen=True, slots=True)
class Analysis:
    """One clip, looked at to its end. `counts`: people, or moving regions, of each frame that was looked at."""

    frames: int
    wall_s: float
    clip_s: float
    events: tuple[ClipEvent, ...]
    counts: tuple[int, ...]
    people: bool
    """Whether the counts are of people; without a model for them moving regions are counted."""

    @property
    def fps(self) -> float:
        """Frames looked at in a second of this machine's time."""
        return self.frames / self.wall_s if self.wall_s > 0 else 0.0

    def to_json(self) -> dict[str, Any]:
        """For scripts: `events` holds what began (or is said again while it lasts), `ended` what was over."""
        counted = {"max": max(self.counts, default=0), "p50": statistics.median_high(self.counts or (0,))}
        nobody: dict[str, int | None] = {"max": None, "p50": None}
        return {
            "frames": self.frames,
            "fps": round(self.fps, 2),
            "clip_s": round(self.clip_s, 3),
            "events": [event.to_json() for event in self.events if event.active],
            "ended": [event.to_json() for event in self.events if not event.active],
            "people": counted if self.people else nobody,
            "moving_regions": nobody if self.people else counted,
        }

    def summary(self) -> str:
        """For people, after the events."""
        told = self.to_json()
        what, counted = (
            ("people", told["people"]) if self.people else ("moving regions", told["moving_regions"])
        )
        return (
            f"{self.frames} frames of {self.clip_s:.1f} s looked at, {self.fps:.1f} a second; "
            f"{len(told['events'])} events; {what}: at most {counted['max']}, median {counted['p50']}"
        )


def clip_event(seen: EventSeen, begin_ms: int, size_px: tuple[int, int]) -> ClipEvent:
    """An event at its time in the clip; `begin_ms`: monotonic time of the first frame, `size_px` of the clip's frames."""
    data = seen.data
    score, box, note = None, None, ""
    if isinstance(data, SeenData):
        score = round(data.score, 4)
        box = _in_pixels(data.boxes_xyxy, size_px)
    elif isinstance(data, CrowdData):
        note = f"{data.count} {data.basis} in {data.zone}, {data.limit} allowed"
    elif isinstance(data, DeviceData):
        note = data.code or ""
    if not data.active:
        note = f"over {note}".rstrip()
    return ClipEvent(
        t_s=round((seen.moment.mono_ms - begin_ms) / 1000, 3),
        kind=seen.kind.value,
        active=data.active,
        score=score if data.active else None,
        box_xyxy_px=box,
        note=note,
    )


def _in_pixels(
    boxes_xyxy: Sequence[tuple[float, float, float, float]], size_px: tuple[int, int]
) -> tuple[float, float, float, float] | None:
    """The first box, the one with the highest score."""
    if not boxes_xyxy:
        return None
    x1, y1, x2, y2 = boxes_xyxy[0]
    width_px, height_px = size_px
    return (
        round(x1 * width_px, 1),
        round(y1 * height_px, 1),
        round(x2 * width_px, 1),
        round(y2 * height_px, 1),
    )
