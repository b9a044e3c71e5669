"""The detectors of one source with their states: those that the configuration knows, and a bounded number of others."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from edge.agent.observation import EventSeen, Moment, Observation
from edge.agent.policy import detector, inputs
from edge.agent.policy.detector import DetectorRules, DetectorState
from edge.agent.policy.detector_report import DetectorReport
from edge.agent.policy.inputs import InputHealth, InputRules
from edge.agent.policy.latch import Turn
from edge.agent.policy.liveness import LivenessRules
from edge.agent.sources.json_door import clean_text, unmapped_id
from redwhistle.contracts.events import DeviceData, EventKind
from redwhistle.logs import get_logger

MALFORMED = "malformed_messages"
STRANGERS_KEPT = 256

_log = get_logger()


class Roster:
    """Used from one thread; nothing here does IO but the log."""

    def __init__(
        self,
        source: str,
        rules: Mapping[str, DetectorRules],
        stranger: DetectorRules,
        input_rules: InputRules,
    ) -> None:
        """`rules` of each device; `stranger`: of those that nobody wrote down, whose silence is not noticed."""
        self._rules = rules
        self._stranger = stranger.model_copy(
            update={"liveness": LivenessRules(heartbeat_s=None), "limits": ()}
        )
        self._input_rules = input_rules
        self._states: dict[str, DetectorState] = {}
        self._strangers: OrderedDict[str, DetectorState] = OrderedDict()
        self._health: dict[str, InputHealth] = {}
        self._log = _log.bind(source=source)

    def hear(self, device: str, report: DetectorReport, moment: Moment) -> list[Observation]:
        """A message of a known device, which was readable."""
        ended = self._readable(device, moment)
        state = self._states.get(device) or detector.begin(moment.mono_ms)
        self._states[device], said = detector.hear(self._rules[device], state, device, report, moment)
        return [*said, *ended]

    def hear_stranger(
        self, name: str, report: DetectorReport, moment: Moment, what: str
    ) -> Iterable[Observation]:
        """A message of a device that is not in the configuration: its alarm is one; its readings are not kept.

        `what` says in two languages what it is; the name stands behind it in the note.
        """
        device = unmapped_id(name)
        if device not in self._strangers:
            self._log.warning("unmapped_device", name=clean_text(name), device=device)
            self._strangers[device] = detector.begin(moment.mono_ms)
            if len(self._strangers) > STRANGERS_KEPT:
                self._strangers.popitem(last=False)
        note = f"{what}: {clean_text(name)}"
        alarm = replace(report, tamper=None, fault=None, battery_low=None, battery_pct=None, implausible=())
        state, said = detector.hear(self._stranger, self._strangers[device], device, alarm, moment, note)
        self._strangers[device] = state
        return [each for each in said if isinstance(each, EventSeen)]

    def lose(self, device: str, moment: Moment, note: str) -> Iterable[Observation]:
        """Somebody who knows says that a device is gone."""
        state = self._states.get(device) or detector.begin(moment.mono_ms)
        self._states[device], said = detector.lose(state, device, moment, note)
        return said

    def malformed(self, device: str, moment: Moment, note: str) -> Iterable[Observation]:
        """A message that cannot be read; when they persist, `note` says in two languages what to do."""
        health = self._health.get(device, InputHealth())
        health, turn, log = inputs.bad(self._input_rules, health, moment.mono_ms)
        self._health[device] = health
        if log:
            self._log.warning(MALFORMED, device=device, total=health.total)
        return (fault(device, MALFORMED, True, moment, note),) if turn is Turn.RAISED else ()

    def tick(self, moment: Moment) -> list[Observation]:
        """What the passing of time brings: held alarms end, silent detectors are lost."""
        said: list[Observation] = []
        for device, rules in self._rules.items():
            state = self._states.get(device) or detector.begin(moment.mono_ms)
            self._states[device], more = detector.tick(rules, state, device, moment)
            said.extend(more)
        for device, state in list(self._strangers.items()):
            self._strangers[device], more = detector.tick(self._stranger, state, device, moment)
            said.extend(more)
        return said

    def _readable(self, device: str, moment: Moment) -> Iterable[Observation]:
        health = self._health.get(device)
        if health is None:
            return ()
        self._health[device], turn = inputs.good(health)
        return (fault(device, MALFORMED, False, moment),) if turn is Turn.ENDED else ()


def fault(device: str, code: str, active: bool, moment: Moment, note: str | None = None) -> EventSeen:
    """The event that `device` has a fault, or that it is over; `code` is stable for programs."""
    data = DeviceData(active=active, code=code, note=note)
    return EventSeen(device=device, kind=EventKind.DEVICE_FAULT, data=data, moment=moment)
