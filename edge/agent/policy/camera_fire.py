"""Flame and smoke in a camera's view: one state a label, one event a change."""

from dataclasses import dataclass, field

from edge.agent.observation import EventSeen, FrameSeen
from edge.agent.policy import seen
from edge.agent.policy.latch import Turn
from edge.agent.policy.seen import SeenRules, SeenState
from edge.agent.policy.sight import FLAME, SMOKE, Sight, relative
from redwhistle.contracts.events import EventKind, SeenData

_BOXES_SENT = 32


@dataclass(frozen=True, slots=True)
class FireState:
    """Of one camera."""

    flame: SeenState = field(default_factory=SeenState)
    smoke: SeenState = field(default_factory=SeenState)

    @property
    def is_uncertain(self) -> bool:
        """Something is seen, or was in one of the newest looks: every frame counts now."""
        return any(
            each.active or any(look.score > 0 for look in each.looks) for each in (self.flame, self.smoke)
        )


def step(
    flame_rules: SeenRules, smoke_rules: SeenRules, sight: Sight, state: FireState, frame: FrameSeen
) -> tuple[FireState, tuple[EventSeen, ...]]:
    """Take one frame's detections. A frame that no detector looked at is neither a hit nor a miss."""
    if not frame.fresh:
        return state, ()
    flame, flames = _look_for(FLAME, EventKind.FLAME_SEEN, flame_rules, sight, state.flame, frame)
    smoke, smokes = _look_for(SMOKE, EventKind.SMOKE_SEEN, smoke_rules, sight, state.smoke, frame)
    return FireState(flame, smoke), (*flames, *smokes)


def _look_for(
    label: str, kind: EventKind, rules: SeenRules, sight: Sight, state: SeenState, frame: FrameSeen
) -> tuple[SeenState, tuple[EventSeen, ...]]:
    found = tuple(d for d in frame.detections if d.label == label)
    state, change = seen.step(rules, state, found, frame.moment.mono_ms)
    if change is None:
        return state, ()
    data = SeenData(
        active=change.turn is not Turn.ENDED,
        score=round(min(change.score, 1.0), 4),
        boxes_xyxy=[relative(box, frame) for box in change.boxes_xyxy_px[:_BOXES_SENT]],
        model=sight.model,
        frames=change.frames,
    )
    return state, (EventSeen(device=frame.device, kind=kind, data=data, moment=frame.moment),)
