"""The lines of a camera's view: passages as readings, as a gate that counts gives them."""

from collections.abc import Sequence

from edge.agent.observation import FrameSeen, ReadingSeen
from edge.agent.policy import lines
from edge.agent.policy.lines import LineRules, Walks
from edge.agent.policy.standing import Standing
from redwhistle.contracts.readings import Metric


def step(
    rules: Sequence[LineRules], states: Sequence[Walks], frame: FrameSeen, standings: Sequence[Standing]
) -> tuple[tuple[Walks, ...], tuple[ReadingSeen, ...]]:
    """Take where one frame's people stand; `states` goes with `rules`, in order. All lines of a camera add up."""
    alive = {each.track for each in standings}
    points = {each.track: each.point for each in standings if each.seen and each.track is not None}
    after: list[Walks] = []
    came_in = went_out = 0
    for line, walks in zip(rules, states, strict=True):
        known = {track: walk for track, walk in walks.items() if track in alive}
        walks, passed = lines.step(line, known, points, frame.width_px / frame.height_px)
        after.append(walks)
        came_in += passed.came_in
        went_out += passed.went_out
    counts = ((Metric.PASSED_IN, came_in), (Metric.PASSED_OUT, went_out))
    said = tuple(
        ReadingSeen(frame.device, metric, float(count), frame.moment) for metric, count in counts if count
    )
    return tuple(after), said
