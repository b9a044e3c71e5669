"""How long each track has been in a zone: a stay belongs to a track, never to a label or to a count."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from edge.agent.policy.rules import passed_s


@dataclass(frozen=True, slots=True)
class Stay:
    """One track in one zone; times in monotonic milliseconds."""

    track: int
    since_ms: int
    inside_ms: int
    """When it was last inside."""
    told: bool = False
    """That it lingers was said."""

    @property
    def dwell_s(self) -> float:
        return passed_s(self.since_ms, self.inside_ms)


def step(
    stays: Collection[Stay], inside: Collection[int], alive: Collection[int], dropout_s: float, now_ms: int
) -> tuple[tuple[Stay, ...], tuple[Stay, ...]]:
    """Take the tracks inside and all that live; give the stays that go on and those that have ended.

    A stay ends with its track, or when the track was outside for longer than `dropout_s`: a step over the zone's rim
    and back is no leaving.
    """
    goes_on, ended = [], []
    for stay in stays:
        if stay.track in inside:
            goes_on.append(replace(stay, inside_ms=now_ms))
        elif stay.track in alive and passed_s(stay.inside_ms, now_ms) <= dropout_s:
            goes_on.append(stay)
        else:
            ended.append(stay)
    known = {stay.track for stay in stays}
    goes_on += [Stay(track, now_ms, now_ms) for track in sorted(set(inside) - known)]
    return tuple(goes_on), tuple(ended)
