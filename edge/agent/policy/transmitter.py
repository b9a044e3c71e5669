"""One fire transmission device as its monitoring centre sees it: reports, replies, silence, duty checks, clock. Pure."""

from dataclasses import dataclass, field, replace

from pydantic import Field

from edge.agent.gbt26875 import objects as o
from edge.agent.gbt26875.data_units import DataUnit, decode_data, one
from edge.agent.gbt26875.frame import Command, Frame, reply_to
from edge.agent.gbt26875.names import DATA_TYPES
from edge.agent.gbt26875.panel_time import PanelTime
from edge.agent.gbt26875.states import OperationBit
from edge.agent.observation import EventSeen, Moment, Observation
from edge.agent.policy import liveness as lives
from edge.agent.policy import panel_calls
from edge.agent.policy.detector import lost, recovered
from edge.agent.policy.fire_panel import FirePanel, PanelRules
from edge.agent.policy.latch import LatchRules
from edge.agent.policy.liveness import Liveness, LivenessRules
from edge.agent.policy.panel_calls import CallRules, Calls, DutyRules
from edge.agent.policy.panel_conditions import Condition, Conditions
from edge.agent.policy.rules import Rules, Seconds, passed_s
from redwhistle.contracts.events import DeviceData, EventKind
from redwhistle.errors import ContractError

UNREADABLE = "unreadable_data"
UNKNOWN_TYPE = "unknown_data_type"
DUTY_MISSED = "duty_unanswered"
CALL_FAILED = "call_unanswered"
_READ_STATE = 81
_SYNC_CLOCK = 90
_DUTY = 91


class TransmitterRules(Rules):
    """How one transmitter is supervised."""

    panel: PanelRules = PanelRules()
    liveness: LivenessRules = Field(default_factory=lambda: LivenessRules(heartbeat_s=60))
    """`heartbeat_s` None: it may be silent for ever."""
    poll: bool = True
    """After one heartbeat of silence ask for its state, so that one that never speaks unasked is supervised too."""
    duty: DutyRules | None = None
    """None: no duty checks."""
    clock_every_s: Seconds | None = Field(default=None, ge=60)
    """Set its clock so often, while the box's own is synchronised; None: never."""
    calls: CallRules = CallRules()
    doubt: LatchRules = Field(default_factory=lambda: LatchRules(hold_s=60, repeat_s=3600))
    """For data that cannot be read: a fault at once, over after a minute without more."""


@dataclass(slots=True)
class Outcome:
    """What follows: first keep what was `said`, then send the frames."""

    said: list[Observation] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)


class Transmitter:
    """Used from one thread. `utc_offset_min` is the zone of its local time."""

    def __init__(
        self,
        rules: TransmitterRules,
        panel: FirePanel,
        *,
        device: str,
        address: int,
        centre: int,
        utc_offset_min: int,
        now_ms: int,
    ) -> None:
        self.address = address
        self._rules = rules
        self._panel = panel
        self._device = device
        self._centre = centre
        self._version = (1, 1)
        self._offset_min = utc_offset_min
        self._alive = Liveness(heard_ms=now_ms)
        self._polled_ms = now_ms
        self._calls = Calls(rules.calls)
        self._duty = None if rules.duty is None else panel_calls.begin_duty(rules.duty, now_ms)
        self._clock_ms: int | None = None
        self._doubts = Conditions()

    def hear(self, frame: Frame, moment: Moment) -> Outcome:
        """Take one whole frame of this transmitter. Raises nothing, whatever its data."""
        out = Outcome()
        self._version = frame.version
        if frame.destination:
            self._centre = frame.destination
        self._alive, silent_s = lives.hear(self._alive, moment.mono_ms)
        if silent_s is not None:
            out.said.append(recovered(self._device, silent_s, moment))
        match frame.command:
            case Command.SEND | Command.ANSWER:
                self._hear_data(frame, moment, out)
            case Command.CONFIRM | Command.DENY:
                self._hear_reply(frame, moment, out)
            case Command.CONTROL | Command.REQUEST:
                self._reply(frame, Command.DENY, moment, out)  # nobody commands the centre
            case _:
                pass  # reserved, or the maker's own sign of life: no reply is defined
        return out

    def tick(self, moment: Moment, *, linked: bool) -> Outcome:
        """Let time pass. `linked`: there is a way to send to it now."""
        out = Outcome()
        now_ms = moment.mono_ms
        out.said += self._panel.tick(moment)
        out.said += self._doubts.tick(moment)
        self._alive, silent_s = lives.tick(self._rules.liveness, self._alive, now_ms)
        if silent_s is not None:
            note = "消防传输装置失联 / nothing is heard of the fire transmission device: check its power and network"
            out.said.append(lost(self._device, silent_s, moment, note))
        again, given_up = self._calls.tick(now_ms)
        if linked:
            out.frames += [self._downlink(call.serial, call.command, call.data, moment) for call in again]
        for call in given_up:
            out.said += self._call_failed(call.what, True, moment)
        self._tick_duty(moment, out, linked=linked)
        if linked:
            self._tick_clock(moment, out)
            self._tick_poll(moment, out)
        return out

    def _hear_data(self, frame: Frame, moment: Moment, out: Outcome) -> None:
        try:
            unit = decode_data(frame.data)
        except ContractError as error:
            out.said += self._in_doubt(UNREADABLE, str(error), moment)
            self._reply(frame, Command.DENY, moment, out)
            return
        if unit is not None:
            out.said[:0] = self._panel.hear(unit, moment)
            self._hear_oddities(unit, moment, out)
            if _answers_duty(unit):
                self._duty_answered(moment, out)
        self._reply(frame, Command.CONFIRM, moment, out)

    def _hear_oddities(self, unit: DataUnit, moment: Moment, out: Outcome) -> None:
        if unit.trailing:
            text = f"data type {unit.type}: {len(unit.trailing)} bytes more than {unit.count} objects need"
            out.said += self._in_doubt(UNREADABLE, text, moment)
        if unit.type not in DATA_TYPES and unit.count is not None:
            text = f"data type {unit.type} is the maker's own: what it says is not known"
            out.said += self._in_doubt(f"{UNKNOWN_TYPE}_{unit.type}", text, moment)

    def _in_doubt(self, code: str, text: str, moment: Moment) -> list[EventSeen]:
        """It may have been an alarm: people shall know that something was said that nobody could read."""
        note = (
            f"收到无法解读的数据，可能是报警，请查看消防主机 / it may be an alarm, look at the panel: {text}"
        )
        return self._doubts.hear(self._fault(code), True, self._rules.doubt, moment, note[:1000]) + (
            self._doubts.hear(self._fault(code), False, self._rules.doubt, moment)
        )

    def _hear_reply(self, frame: Frame, moment: Moment, out: Outcome) -> None:
        call = self._calls.settle(frame.serial)
        if call is None:
            return
        if frame.command == Command.CONFIRM:
            out.said += self._call_failed(call.what, False, moment)
            return
        out.said += self._call_failed(call.what, True, moment, "被否认 / denied")
        if call.what == "duty_check" and self._duty is not None:
            self._duty = replace(self._duty, asked_ms=None)

    def _call_failed(
        self, what: str, failed: bool, moment: Moment, why: str = "无确认 / not confirmed"
    ) -> list[EventSeen]:
        note = f"{why}: {what}" if failed else None
        return self._doubts.hear(
            self._fault(f"{CALL_FAILED}_{what}"), failed, LatchRules(hold_s=0, repeat_s=86400), moment, note
        )

    def _fault(self, code: str) -> Condition:
        return Condition(self._device, EventKind.DEVICE_FAULT, code)

    def _tick_duty(self, moment: Moment, out: Outcome, *, linked: bool) -> None:
        rules, duty = self._rules.duty, self._duty
        if rules is None or duty is None:
            return
        duty, turn = panel_calls.tick_duty(rules, duty, moment.mono_ms)
        if turn is not None:
            note = f"查岗 {rules.answer_min} 分钟内无人应答 / nobody answered the duty check in {rules.answer_min} min"
            out.said.append(self._duty_event(True, moment, note))
        if linked and duty.asked_ms is None and moment.mono_ms >= duty.next_ms:
            data = one(_DUTY, o.DutyCheck(rules.answer_min))
            out.frames.append(self._call("duty_check", data, moment))
            duty = panel_calls.ask_duty(rules, duty, moment.mono_ms)
        self._duty = duty

    def _duty_answered(self, moment: Moment, out: Outcome) -> None:
        if self._duty is None:
            return
        self._duty, turn = panel_calls.answer_duty(self._duty)
        if turn is not None:
            out.said.append(self._duty_event(False, moment, None))

    def _duty_event(self, active: bool, moment: Moment, note: str | None) -> EventSeen:
        data = DeviceData(active=active, code=DUTY_MISSED, note=note)
        return EventSeen(self._device, EventKind.DEVICE_FAULT, data, moment)

    def _tick_clock(self, moment: Moment, out: Outcome) -> None:
        every_s = self._rules.clock_every_s
        if every_s is None or not moment.synced:
            return
        if self._clock_ms is None or passed_s(self._clock_ms, moment.mono_ms) >= every_s:
            self._clock_ms = moment.mono_ms
            out.frames.append(self._call("clock", one(_SYNC_CLOCK, o.ClockTime(self._time(moment))), moment))

    def _tick_poll(self, moment: Moment, out: Outcome) -> None:
        heartbeat_s = self._rules.liveness.heartbeat_s
        if not self._rules.poll or not heartbeat_s:
            return
        silent_since = max(self._alive.heard_ms, self._polled_ms)
        if passed_s(silent_since, moment.mono_ms) >= heartbeat_s:
            self._polled_ms = moment.mono_ms
            serial = self._calls.next_serial()
            out.frames.append(self._downlink(serial, Command.REQUEST, one(_READ_STATE, o.Bare()), moment))

    def _call(self, what: str, data: bytes, moment: Moment) -> Frame:
        call = self._calls.ask(what, Command.CONTROL, data, moment.mono_ms)
        return self._downlink(call.serial, call.command, call.data, moment)

    def _downlink(self, serial: int, command: int, data: bytes, moment: Moment) -> Frame:
        return Frame(serial, self._centre, self.address, command, self._time(moment), data, self._version)

    def _reply(self, frame: Frame, command: Command, moment: Moment, out: Outcome) -> None:
        """An answer (command 5) needs no reply of its own."""
        if frame.command != Command.ANSWER:
            out.frames.append(reply_to(frame, command, self._time(moment)))

    def _time(self, moment: Moment) -> PanelTime:
        return PanelTime.of(moment.at_ms, self._offset_min)


def _answers_duty(unit: DataUnit) -> bool:
    return any(
        isinstance(each, o.TransmitterOperation) and each.operation & OperationBit.ACKNOWLEDGED
        for each in unit.objects
    )
