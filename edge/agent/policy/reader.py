"""When a camera's reader process is started, killed and replaced, and when that is said. A pure state machine.

waiting ──start──▶ starting ──frame──▶ streaming ──end of file──▶ ended
   ▲                   │                    │
   └──exit or stall────┴──exit or stall─────┘
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from edge.agent.policy.backoff import delay_s
from edge.agent.policy.rules import passed_s

_SETTLED_S = 10.0


class ReaderPhase(StrEnum):
    """Where a reader stands."""

    WAITING = "waiting"
    """No process; the next one starts when the back-off has passed."""
    STARTING = "starting"
    """A process runs and has given no frame yet."""
    STREAMING = "streaming"
    """Frames arrive."""
    ENDED = "ended"
    """The file was played to its end."""


class ReaderAct(StrEnum):
    """What the shell has to do."""

    START = "start"
    KILL = "kill"
    SAY_STALLED = "say_stalled"
    SAY_RECOVERED = "say_recovered"


@dataclass(frozen=True, slots=True)
class ReaderLimits:
    """`stall_s` without a frame is a stall; back-off from `first_s`, doubling, up to `cap_s`."""

    stall_s: float = 20.0
    first_s: float = 1.0
    cap_s: float = 30.0
    open_s: float = 0.0
    """A reader that has given no frame yet is left in peace this long: one that is killed before it could open never opens."""


@dataclass(frozen=True, slots=True)
class ReaderState:
    """Times in monotonic milliseconds. `silent_from_ms`: the last frame, or the beginning."""

    phase: ReaderPhase
    next_start_ms: int
    silent_from_ms: int
    asked_ms: int = 0
    """When the frame that is being waited for was asked for."""
    streaming_from_ms: int = 0
    failures: int = 0
    stalled: bool = False


Step = tuple[ReaderState, tuple[ReaderAct, ...]]


def begin(now_ms: int, *, stalled: bool = False) -> ReaderState:
    """Nothing runs; the first start is due. `stalled`: a stall was said before and has not ended."""
    return ReaderState(ReaderPhase.WAITING, next_start_ms=now_ms, silent_from_ms=now_ms, stalled=stalled)


def silent_s(state: ReaderState, now_ms: int) -> float:
    """Seconds since the last frame."""
    return passed_s(state.silent_from_ms, now_ms)


def tick(limits: ReaderLimits, state: ReaderState, now_ms: int) -> Step:
    """Let time pass: start what is due, kill what hangs, say what is silent."""
    if state.phase is ReaderPhase.ENDED:
        return state, ()
    acts: list[ReaderAct] = []
    if state.phase is ReaderPhase.WAITING:
        if now_ms >= state.next_start_ms:
            state = replace(state, phase=ReaderPhase.STARTING, asked_ms=now_ms)
            acts.append(ReaderAct.START)
    elif passed_s(state.asked_ms, now_ms) >= _patience_s(limits, state):
        state = _wait(limits, state, now_ms)
        acts.append(ReaderAct.KILL)
    # A frame that nobody asked for yet is not missing: only time spent waiting counts.
    waited_from_ms = state.silent_from_ms if state.phase is not ReaderPhase.STREAMING else state.asked_ms
    if not state.stalled and passed_s(waited_from_ms, now_ms) >= limits.stall_s:
        state = replace(state, stalled=True)
        acts.append(ReaderAct.SAY_STALLED)
    return state, tuple(acts)


def asked(state: ReaderState, now_ms: int) -> ReaderState:
    """A frame was asked for."""
    return replace(state, asked_ms=now_ms)


def frame_came(state: ReaderState, now_ms: int) -> Step:
    """A frame arrived."""
    acts = (ReaderAct.SAY_RECOVERED,) if state.stalled else ()
    streaming = state.phase is ReaderPhase.STREAMING
    from_ms = state.streaming_from_ms if streaming else now_ms
    settled = streaming and passed_s(from_ms, now_ms) >= _SETTLED_S
    state = replace(
        state,
        phase=ReaderPhase.STREAMING,
        streaming_from_ms=from_ms,
        silent_from_ms=now_ms,
        asked_ms=now_ms,
        failures=0 if settled else state.failures,
        stalled=False,
    )
    return state, acts


def exited(limits: ReaderLimits, state: ReaderState, now_ms: int) -> ReaderState:
    """The process is gone, or said that it cannot go on."""
    return _wait(limits, state, now_ms)


def ended(state: ReaderState) -> ReaderState:
    """The file was played to its end."""
    return replace(state, phase=ReaderPhase.ENDED)


def _patience_s(limits: ReaderLimits, state: ReaderState) -> float:
    starting = state.phase is ReaderPhase.STARTING
    return max(limits.stall_s, limits.open_s) if starting else limits.stall_s


def _wait(limits: ReaderLimits, state: ReaderState, now_ms: int) -> ReaderState:
    failures = state.failures + 1
    pause_ms = round(1000 * delay_s(failures, first_s=limits.first_s, cap_s=limits.cap_s))
    return replace(state, phase=ReaderPhase.WAITING, next_start_ms=now_ms + pause_ms, failures=failures)
