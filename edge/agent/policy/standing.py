"""Where those stand that a camera counts: tracks of people, or of moving regions where no model finds people."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.agent.observation import FrameSeen
from edge.agent.policy import tracking
from edge.agent.policy.rules import passed_s
from edge.agent.policy.sight import PERSON, Box, Sight
from edge.agent.policy.tracking import Found, Track, TrackerState, TrackRules
from edge.agent.policy.zones import Point

_COUNTED_LOST_S = 1.0
"""Who was seen this short a while ago still counts: models miss people …"""
_ESTABLISHED_HITS = 3
"""… if he had been seen so often before."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One person or region. `track` is None for one that is counted and not followed (a crowd model's point)."""

    point: Point
    """In 0..1 of the frame: of a person the middle of the lower edge, of a region its centre."""
    track: int | None = None
    seen: bool = True
    """False: expected here, and not found by the newest look."""
    missed: bool = False
    """Not seen, for so short a while that it counts all the same."""
    looks: int = 0
    """In which of the newest looks it was found, one bit each: two that were found in one picture are two."""


def follow(rules: TrackRules, sight: Sight, state: TrackerState, frame: FrameSeen) -> TrackerState:
    """Take one frame's boxes; a frame that no detector looked at lets time pass."""
    now_ms = frame.moment.mono_ms
    if not frame.fresh:
        return tracking.hold(state, now_ms)
    if sight.people:
        found = [
            Found(_in_heights(d.box_xyxy_px, frame), d.score) for d in frame.detections if d.label == PERSON
        ]
    else:
        found = [Found(_in_heights(box, frame), 1.0) for box in frame.moving_regions]
    return tracking.step(rules, state, found, now_ms)


def standings(sight: Sight, state: TrackerState, frame: FrameSeen) -> tuple[Standing, ...]:
    """Where each track stands now."""
    return tuple(_standing(sight, track, frame) for track in state.tracks)


def count(inside: Sequence[Standing], everywhere: Sequence[Standing]) -> int:
    """How many of `inside` there are: those seen, and those missed this moment. One person never counts as two.

    One who is seen may be one of the missed under another number, unless both were found in one picture lately: so
    many of the missed do not count. Never less than what is seen.
    """
    missed: list[Standing] = []
    for each in inside:
        if each.missed and all(each.looks & other.looks for other in missed):
            missed.append(each)
    perhaps = sum(each.seen and any(not each.looks & other.looks for other in missed) for each in everywhere)
    return sum(each.seen for each in inside) + max(0, len(missed) - perhaps)


def _standing(sight: Sight, track: Track, frame: FrameSeen) -> Standing:
    now_ms = frame.moment.mono_ms
    x1, y1, x2, y2 = tracking.expected_box(track, now_ms) if track.lost else track.box
    y = y2 if sight.people else (y1 + y2) / 2
    return Standing(
        point=((x1 + x2) / 2 * frame.height_px / frame.width_px, y),
        track=track.id,
        seen=not track.lost,
        missed=track.lost
        and track.hits >= _ESTABLISHED_HITS
        and passed_s(track.seen_ms, now_ms) <= _COUNTED_LOST_S,
        looks=track.looks,
    )


def _in_heights(box_xyxy_px: Box, frame: FrameSeen) -> Box:
    x1, y1, x2, y2 = (value / frame.height_px for value in box_xyxy_px)
    return x1, y1, x2, y2
