"""The zones of a camera's view: one crowd state a zone, one event a change."""

from collections.abc import Sequence

from edge.agent.observation import EventSeen, FrameSeen
from edge.agent.policy import crowd
from edge.agent.policy.crowd import CrowdChange, CrowdState, CrowdTurn, ZoneRules
from edge.agent.policy.sight import Sight
from edge.agent.policy.zones import Point, count_inside
from redwhistle.contracts.events import CrowdData, EventKind


def step(
    zones: Sequence[ZoneRules],
    sight: Sight,
    states: Sequence[CrowdState],
    frame: FrameSeen,
    points: Sequence[Point],
) -> tuple[tuple[CrowdState, ...], tuple[EventSeen, ...]]:
    """Take where one frame's people stand; `states` goes with `zones`, in order."""
    after, said = [], []
    for rules, state in zip(zones, states, strict=True):
        count = count_inside(rules.polygon, points)
        state, change = crowd.step(rules, state, count, frame.moment.mono_ms)
        after.append(state)
        if change is not None:
            said.append(_event(rules, sight, frame, change))
    return tuple(after), tuple(said)


def _event(rules: ZoneRules, sight: Sight, frame: FrameSeen, change: CrowdChange) -> EventSeen:
    data = CrowdData(
        active=change.turn is CrowdTurn.FORMED,
        count=change.count,
        limit=rules.limit,
        zone=rules.name,
        dwell_s=change.dwell_s,
        basis=sight.basis,
    )
    return EventSeen(device=frame.device, kind=EventKind.CROWD_FORMED, data=data, moment=frame.moment)
