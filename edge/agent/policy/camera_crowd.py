"""The zones of a camera's view: how many stay in each, crowds, and who lingers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from edge.agent.observation import EventSeen, FrameSeen
from edge.agent.policy import crowd, standing, stays
from edge.agent.policy.crowd import CrowdChange, CrowdState, CrowdTurn, ZoneRules
from edge.agent.policy.sight import Sight, weigh_inside
from edge.agent.policy.standing import Standing
from edge.agent.policy.stays import Stay
from edge.agent.policy.zones import contains
from redwhistle.contracts.events import CrowdData, EventKind, LoiteringData


@dataclass(frozen=True, slots=True)
class ZoneState:
    """Of one zone."""

    crowd: CrowdState = field(default_factory=CrowdState)
    stays: tuple[Stay, ...] = ()

    @property
    def is_uncertain(self) -> bool:
        """A crowd stands, or is about to form or to dissolve."""
        return self.crowd.active or self.crowd.over_since_ms is not None

    @property
    def dwell_s(self) -> float:
        """The longest stay of those who are there."""
        return max((stay.dwell_s for stay in self.stays), default=0.0)


def step(
    zones: Sequence[ZoneRules],
    sight: Sight,
    states: Sequence[ZoneState],
    frame: FrameSeen,
    standings: Sequence[Standing],
) -> tuple[tuple[ZoneState, ...], tuple[EventSeen, ...]]:
    """Take where one frame's people stand; `states` goes with `zones`, in order."""
    after, said = [], []
    for rules, state in zip(zones, states, strict=True):
        state, events = _step_zone(rules, sight, state, frame, standings)
        after.append(state)
        said.extend(events)
    return tuple(after), tuple(said)


def _step_zone(
    rules: ZoneRules, sight: Sight, state: ZoneState, frame: FrameSeen, standings: Sequence[Standing]
) -> tuple[ZoneState, list[EventSeen]]:
    now_ms = frame.moment.mono_ms
    said: list[EventSeen] = []
    inside = [each for each in standings if contains(rules.polygon, each.point)]
    tracks = {each.track for each in inside if each.track is not None}
    alive = {each.track for each in standings if each.track is not None}
    goes_on, ended = stays.step(state.stays, tracks, alive, rules.dropout_s, now_ms)
    stayed = {stay.track for stay in goes_on if stay.dwell_s >= rules.stay_s}
    counted = [each for each in inside if each.track is None or each.track in stayed]
    # In a crowd nobody is followed, and whoever passes through counts too: `for_s` has to tell a crowd from a stream.
    weighed = weigh_inside(rules.polygon, frame)
    number = standing.count(counted, standings) if weighed is None else weighed
    crowd_state, change = crowd.step(rules, state.crowd, number, now_ms)
    if change is not None:
        said.append(_crowd_event(rules, sight, frame, change))
    count = standing.count(inside, standings)
    said += [_loiter_event(rules, sight, frame, stay, count, active=False) for stay in ended if stay.told]
    if rules.loiter_s is not None:
        lingering = {
            stay.track for stay in goes_on if not stay.told and stay.dwell_s > rules.loiter_s
        } & tracks
        said += [
            _loiter_event(rules, sight, frame, stay, max(count, 1), active=True)
            for stay in goes_on
            if stay.track in lingering
        ]
        goes_on = tuple(replace(stay, told=True) if stay.track in lingering else stay for stay in goes_on)
    return ZoneState(crowd_state, goes_on), said


def _crowd_event(rules: ZoneRules, sight: Sight, frame: FrameSeen, change: CrowdChange) -> EventSeen:
    data = CrowdData(
        active=change.turn is CrowdTurn.FORMED,
        count=change.count,
        limit=rules.limit,
        zone=rules.name,
        dwell_s=change.dwell_s,
        basis=sight.basis,
    )
    return EventSeen(device=frame.device, kind=EventKind.CROWD_FORMED, data=data, moment=frame.moment)


def _loiter_event(
    rules: ZoneRules, sight: Sight, frame: FrameSeen, stay: Stay, count: int, *, active: bool
) -> EventSeen:
    data = LoiteringData(
        active=active,
        zone=rules.name,
        dwell_s=stay.dwell_s,
        count=count,
        track=stay.track,
        basis=sight.basis,
    )
    return EventSeen(device=frame.device, kind=EventKind.LOITERING, data=data, moment=frame.moment)
