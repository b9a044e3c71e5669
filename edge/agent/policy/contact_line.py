"""What the wires of a contact say: alarm, normal, cut, short. Pure.

Without measuring a resistor, two wires more than the contact needs tell a cut from a normal state:

* a changeover contact with both sides wired (`read_pair`): one side is closed, always; none: cut; both: short;
* a supervision loop that runs through the same cable and is closed, always (`read_looped`): open: cut.
"""

from dataclasses import dataclass
from enum import StrEnum

from edge.agent.policy.rules import passed_s


class LineState(StrEnum):
    """Of one input."""

    NORMAL = "normal"
    ALARM = "alarm"
    """The contact is in its alarm position."""
    OPEN = "open"
    """A wire is cut: an alarm would not be seen."""
    SHORT = "short"
    """Both sides are closed: wires touch. It counts as an alarm, too: in doubt, alarm."""

    @property
    def alarms(self) -> bool:
        """Whether it is to be taken for an alarm."""
        return self in {LineState.ALARM, LineState.SHORT}

    @property
    def faulty(self) -> bool:
        """Whether the wiring is at fault."""
        return self in {LineState.OPEN, LineState.SHORT}


def read_single(*, closed: bool, normally_closed: bool) -> LineState:
    """One contact. Normally closed: a cut wire is an alarm, which is why it is the better choice of the two."""
    return LineState.ALARM if closed != normally_closed else LineState.NORMAL


def read_pair(*, alarm_side: bool, rest_side: bool) -> LineState:
    """A changeover contact: `alarm_side` closes in an alarm, `rest_side` is closed at rest."""
    if alarm_side:
        return LineState.SHORT if rest_side else LineState.ALARM
    return LineState.NORMAL if rest_side else LineState.OPEN


def read_looped(single: LineState, *, loop_closed: bool) -> LineState:
    """A contact beside a loop through the same cable. An alarm counts, whatever the loop says."""
    if single is LineState.ALARM or loop_closed:
        return single
    return LineState.OPEN


@dataclass(frozen=True, slots=True)
class Wiring:
    """Faults of one input over time. `since_ms`: as it is now since then (monotonic); `told`: what was said last."""

    state: LineState = LineState.NORMAL
    since_ms: int = 0
    told: LineState | None = None


def judge(
    wiring: Wiring, state: LineState, now_ms: int, for_s: float
) -> tuple[Wiring, LineState | None, bool]:
    """Take the state now; give a fault to say (None: nothing) and whether it begins (True) or is over.

    A fault counts after `for_s`: a changeover contact is open on its way from one side to the other.
    """
    since_ms = wiring.since_ms if state is wiring.state else now_ms
    told = wiring.told
    if told is not None and state is not told:
        return Wiring(state, since_ms, None), told, False
    if state.faulty and told is None and passed_s(since_ms, now_ms) >= for_s:
        return Wiring(state, since_ms, state), state, True
    return Wiring(state, since_ms, told), None, False
