"""Boxes of successive frames become tracks: the same number while it is, as far as can be seen, the same thing.

Matching is by overlap and distance with a constant velocity, in two rounds by score: sure boxes first, doubtful ones only
continue what is known (after Y. Zhang et al., ByteTrack, ECCV 2022). The nearest pair goes first; a track is never moved to a
box beyond its reach. Nothing here knows who somebody is: a track is a number that ends when the thing is out of sight.
"""

import bisect
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pydantic import Field

from edge.agent.policy.rules import Rules, Seconds, passed_s

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in one unit on both axes (frame heights); the origin is at the top left."""

_REACH = 0.4
"""A matched box lies within this share of its own size of where the track is expected …"""
_REACH_PER_S = 1.2
"""… and this much more for each second between the two: a walking person moves by three quarters of his height in one."""
_REACH_MOST = 2.0
_SIZE_RATIO_MOST = 3.0
"""A person does not become three times as large between two frames."""
_VELOCITY_NEW = 0.5
"""Weight of the newest displacement in the velocity."""
_LOOKS = 0xFFFFFFFF
_COAST_S = 1.0
"""A lost track is expected to go on moving for this long, then to stand."""


class TrackRules(Rules):
    """How boxes are followed from frame to frame."""

    max_lost_s: Seconds = Field(default=3.0, gt=0, le=30)
    """A thing that no box matches for longer than this is gone; what comes then has a new number."""
    sure_score: float = Field(default=0.5, ge=0, le=1)
    """Boxes at or over this are matched first."""
    new_score: float = Field(default=0.0, ge=0, le=1)
    """A box under this begins no track; by default the model's own threshold decides."""


@dataclass(frozen=True, slots=True)
class Found:
    """One box of one frame."""

    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class Track:
    """Something that is followed. Times in monotonic milliseconds; velocity in box units a second."""

    id: int
    box: Box
    """Where it was last seen."""
    born_ms: int
    seen_ms: int
    hits: int = 1
    velocity: tuple[float, float] = (0.0, 0.0)
    lost: bool = False
    """True while the newest look did not find it."""
    looks: int = 1
    """The newest 32 looks, one bit each, the newest last: 1 where it was found."""


@dataclass(frozen=True, slots=True)
class TrackerState:
    """Of one camera; tracks in the order of their numbers."""

    tracks: tuple[Track, ...] = ()
    next_id: int = 1
    at_ms: int = 0

    @property
    def seen(self) -> tuple[Track, ...]:
        """The tracks that the newest look found."""
        return tuple(track for track in self.tracks if not track.lost)


def step(rules: TrackRules, state: TrackerState, found: Sequence[Found], now_ms: int) -> TrackerState:
    """Take one look's boxes: each continues at most one track, or begins one."""
    now_ms = max(now_ms, state.at_ms)
    known = [track for track in state.tracks if passed_s(track.seen_ms, now_ms) <= rules.max_lost_s]
    sure = [i for i, each in enumerate(found) if each.score >= rules.sure_score]
    doubtful = [i for i, each in enumerate(found) if each.score < rules.sure_score]
    box_of = _match(known, found, sure, now_ms)
    left = [track for track in known if track.id not in box_of]
    box_of |= _match(left, found, doubtful, now_ms)
    tracks = [
        _continue(track, found[box_of[track.id]].box, now_ms)
        if track.id in box_of
        else replace(track, lost=True, looks=(track.looks << 1) & _LOOKS)
        for track in known
    ]
    taken = set(box_of.values())
    next_id = state.next_id
    for i, each in enumerate(found):
        if i not in taken and each.score >= rules.new_score:
            tracks.append(Track(next_id, each.box, born_ms=now_ms, seen_ms=now_ms))
            next_id += 1
    return TrackerState(tuple(tracks), next_id, now_ms)


def hold(state: TrackerState, now_ms: int) -> TrackerState:
    """Let time pass over a picture in which nothing changed: what the last look found is still there."""
    now_ms = max(now_ms, state.at_ms)
    tracks = tuple(track if track.lost else replace(track, seen_ms=now_ms) for track in state.tracks)
    return TrackerState(tracks, state.next_id, now_ms)


def expected_box(track: Track, now_ms: int) -> Box:
    """Where the track is expected now: moved on with its velocity for a second at most."""
    ahead_s = min(max(passed_s(track.seen_ms, now_ms), 0.0), _COAST_S)
    dx, dy = track.velocity[0] * ahead_s, track.velocity[1] * ahead_s
    x1, y1, x2, y2 = track.box
    return x1 + dx, y1 + dy, x2 + dx, y2 + dy


def overlap(a: Box, b: Box) -> float:
    """Intersection over union, 0..1; 0 for boxes without area."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (_area(a) + _area(b) - shared)


def _match(
    tracks: Sequence[Track], found: Sequence[Found], chosen: Iterable[int], now_ms: int
) -> dict[int, int]:
    """Track number → index in `found`; the cheapest pair first, ties by number and index."""
    by_x = sorted((_centre(found[i].box)[0], i) for i in chosen)
    pairs: list[tuple[float, int, int]] = []
    for track in tracks:
        box = expected_box(track, now_ms)
        reach = _reach(track, now_ms) * _size(track.box)
        x = _centre(box)[0]
        for _, i in by_x[bisect.bisect_left(by_x, (x - reach, -1)) :]:
            if _centre(found[i].box)[0] > x + reach:
                break
            cost = _cost(box, found[i].box, reach)
            if cost is not None:
                pairs.append((cost, track.id, i))
    pairs.sort()
    matched: dict[int, int] = {}
    taken: set[int] = set()
    for _, track_id, i in pairs:
        if track_id not in matched and i not in taken:
            matched[track_id] = i
            taken.add(i)
    return matched


def _cost(expected: Box, box: Box, reach: float) -> float | None:
    """0 for the same box, at most 2; None for a pair that cannot be one thing."""
    here, there = _centre(expected), _centre(box)
    distance = math.dist(here, there)
    sizes = sorted((_size(expected), _size(box)))
    if distance > reach or sizes[1] > _SIZE_RATIO_MOST * sizes[0]:
        return None
    return (1.0 - overlap(expected, box)) + distance / reach


def _reach(track: Track, now_ms: int) -> float:
    return min(_REACH + _REACH_PER_S * max(passed_s(track.seen_ms, now_ms), 0.0), _REACH_MOST)


def _continue(track: Track, box: Box, now_ms: int) -> Track:
    elapsed_s = passed_s(track.seen_ms, now_ms)
    velocity = track.velocity
    if elapsed_s > 0:
        (x, y), (before_x, before_y) = _centre(box), _centre(track.box)
        newest = ((x - before_x) / elapsed_s, (y - before_y) / elapsed_s)
        weight = 1.0 if track.hits == 1 else _VELOCITY_NEW
        velocity = (
            velocity[0] + weight * (newest[0] - velocity[0]),
            velocity[1] + weight * (newest[1] - velocity[1]),
        )
    return replace(
        track,
        box=box,
        seen_ms=now_ms,
        hits=track.hits + 1,
        velocity=velocity,
        lost=False,
        looks=(track.looks << 1 | 1) & _LOOKS,
    )


def _centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _size(box: Box) -> float:
    """The longer side, of what has none the least that can be followed."""
    return max(box[2] - box[0], box[3] - box[1], 1e-3)


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
