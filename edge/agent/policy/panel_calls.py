"""What the centre asks of a transmitter: sent again until it is confirmed, given up after a while. Pure."""

from dataclasses import dataclass, replace

from pydantic import Field

from edge.agent.policy.latch import Turn
from edge.agent.policy.rules import Rules, Seconds, passed_s


class CallRules(Rules):
    """When a call is sent again; the standard leaves the numbers to the centre."""

    confirm_s: float = Field(default=10.0, gt=0, le=300)
    tries: int = Field(default=3, ge=1, le=10)


@dataclass(frozen=True, slots=True)
class Call:
    """A downlink that waits for its confirmation. `what` names it in faults."""

    serial: int
    what: str
    command: int
    data: bytes
    sent_ms: int
    tries: int = 1


class Calls:
    """The calls to one transmitter; a newer one of the same name takes the place of the older."""

    def __init__(self, rules: CallRules) -> None:
        self._rules = rules
        self._waiting: dict[int, Call] = {}
        self._serial = 0

    def next_serial(self) -> int:
        """A number that no waiting call has."""
        while True:
            self._serial = (self._serial + 1) & 0xFFFF
            if self._serial not in self._waiting:
                return self._serial

    def ask(self, what: str, command: int, data: bytes, now_ms: int) -> Call:
        """A new call; it has been sent now."""
        for serial in [serial for serial, call in self._waiting.items() if call.what == what]:
            del self._waiting[serial]
        call = Call(self.next_serial(), what, command, data, now_ms)
        self._waiting[call.serial] = call
        return call

    def settle(self, serial: int) -> Call | None:
        """The transmitter confirmed or denied: the call that it meant, None for an unknown number."""
        return self._waiting.pop(serial, None)

    def tick(self, now_ms: int) -> tuple[list[Call], list[Call]]:
        """Let time pass: calls to send again now, and those given up."""
        again: list[Call] = []
        lost: list[Call] = []
        for call in list(self._waiting.values()):
            if passed_s(call.sent_ms, now_ms) < self._rules.confirm_s:
                continue
            if call.tries >= self._rules.tries:
                lost.append(self._waiting.pop(call.serial))
            else:
                self._waiting[call.serial] = replace(call, sent_ms=now_ms, tries=call.tries + 1)
                again.append(self._waiting[call.serial])
        return again, lost


class DutyRules(Rules):
    """Duty checks (查岗): how often, and how long a person may take to press the button."""

    every_s: Seconds = Field(default=28800.0, ge=60)
    answer_min: int = Field(default=10, ge=1, le=255)


@dataclass(frozen=True, slots=True)
class Duty:
    """Of one transmitter; times in monotonic milliseconds. `asked_ms` None: nothing is open."""

    next_ms: int
    asked_ms: int | None = None
    missed: bool = False


def begin_duty(rules: DutyRules, now_ms: int) -> Duty:
    """The first check comes after one interval."""
    return Duty(next_ms=now_ms + round(rules.every_s * 1000))


def ask_duty(rules: DutyRules, duty: Duty, now_ms: int) -> Duty:
    """A check was sent."""
    return replace(duty, asked_ms=now_ms, next_ms=now_ms + round(rules.every_s * 1000))


def answer_duty(duty: Duty) -> tuple[Duty, Turn | None]:
    """A person pressed the button: a missed check ends with it."""
    return replace(duty, asked_ms=None, missed=False), Turn.ENDED if duty.missed else None


def tick_duty(rules: DutyRules, duty: Duty, now_ms: int) -> tuple[Duty, Turn | None]:
    """Let time pass: a check that nobody answered is missed, and said once a check."""
    if duty.asked_ms is None or passed_s(duty.asked_ms, now_ms) < rules.answer_min * 60:
        return duty, None
    return replace(duty, asked_ms=None, missed=True), Turn.REPEATED if duty.missed else Turn.RAISED
