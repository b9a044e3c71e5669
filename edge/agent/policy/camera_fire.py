"""Flame and smoke in a camera's view: one state a label, one event a change."""

from dataclasses import dataclass, field

from edge.agent.observation import EventSeen, FrameSeen
from edge.agent.policy import fire
from edge.agent.policy.fire import FireChange, FlameRules, LabelGrid, SmokeRules
from edge.agent.policy.fire import FireState as LabelState
from edge.agent.policy.latch import Turn
from edge.agent.policy.sight import Sight
from redwhistle.contracts.events import EventKind, SeenData

_BOXES_SENT = 32
_CHURN = 5.0


@dataclass(frozen=True, slots=True)
class FireState:
    """Of one camera."""

    flame: LabelState = field(default_factory=LabelState)
    smoke: LabelState = field(default_factory=LabelState)

    @property
    def is_uncertain(self) -> bool:
        """Something is seen, or was a moment ago: every frame counts now."""
        return self.flame.is_uncertain or self.smoke.is_uncertain


def step(
    flame_rules: FlameRules, smoke_rules: SmokeRules, sight: Sight, state: FireState, frame: FrameSeen
) -> tuple[FireState, tuple[EventSeen, ...]]:
    """Take one frame. One in which nobody looked for fire is neither a hit nor a miss."""
    grid = frame.fire
    if grid is None or not frame.fresh:
        return state, ()
    now_ms = frame.moment.mono_ms
    flames = LabelGrid(grid.columns, grid.rows, grid.flame, grid.changed, grid.whole_flame)
    # Smoke differs from what was there, and churns: a door left open differs too and stands still.
    moved = tuple(
        min(max(changed, drifted), _CHURN * changed)
        for changed, drifted in zip(grid.changed, grid.drifted, strict=True)
    )
    smokes = LabelGrid(grid.columns, grid.rows, grid.smoke, moved, grid.whole_smoke)
    flame, flame_change = fire.step(flame_rules, state.flame, flames, now_ms)
    smoke, smoke_change = fire.step(smoke_rules, state.smoke, smokes, now_ms)
    said = (
        *_events(EventKind.FLAME_SEEN, flame_change, sight, frame),
        *_events(EventKind.SMOKE_SEEN, smoke_change, sight, frame),
    )
    return FireState(flame, smoke), said


def _events(
    kind: EventKind, change: FireChange | None, sight: Sight, frame: FrameSeen
) -> tuple[EventSeen, ...]:
    if change is None:
        return ()
    data = SeenData(
        active=change.turn is not Turn.ENDED,
        score=round(min(max(change.score, 0.0), 1.0), 4),
        boxes_xyxy=list(change.boxes_xyxy[:_BOXES_SENT]),
        model=sight.model,
        frames=change.frames,
    )
    return (EventSeen(device=frame.device, kind=kind, data=data, moment=frame.moment),)
