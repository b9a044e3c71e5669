"""Smoke detectors behind Zigbee2MQTT: its topics and JSON become reports, the policy makes events of them.

Sources: the Zigbee2MQTT documentation on topics (`<base>/<friendly_name>`, `…/availability`, `<base>/bridge/state`);
of a detector's payload only `smoke` is sure, everything else may be absent or null.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from edge.agent.observation import EventSeen, Moment, Observation
from edge.agent.policy import detector, inputs
from edge.agent.policy.detector import DetectorReport, DetectorState
from edge.agent.policy.inputs import InputHealth
from edge.agent.policy.latch import Turn
from edge.agent.policy.liveness import LivenessRules
from edge.agent.policy.rules import passed_s
from edge.agent.sources.json_door import (
    READING_LIMITS,
    clean_text,
    read_flag,
    read_number,
    read_object,
    unmapped_id,
)
from edge.agent.sources.local_mqtt import LocalMqttSource
from edge.agent.sources.smoke_settings import SmokeSettings
from redwhistle.contracts.events import DeviceData, EventKind
from redwhistle.contracts.readings import Metric
from redwhistle.logs import get_logger

BRIDGE_OFFLINE = "bridge_offline"
MALFORMED = "malformed_messages"
_UNMAPPED_KEPT = 256
_FIELD_OF = {
    Metric.TEMPERATURE_C: "temperature",
    Metric.BATTERY_PCT: "battery",
    Metric.LINK_QUALITY: "linkquality",
    Metric.SMOKE_LEVEL: "smoke_level",
}

_log = get_logger()


def build(settings: SmokeSettings, *, moment: Callable[[], Moment]) -> LocalMqttSource:
    """The source of one Zigbee2MQTT's smoke detectors."""
    return LocalMqttSource(settings.name, settings.broker, SmokeInterpreter(settings), moment)


def read_report(fields: dict[str, Any]) -> DetectorReport:
    """What a payload says. A field that is absent, null or not understood counts as not said, except `smoke`:

    a `smoke` that is there, not null and not understood counts as an alarm.
    """
    raw = fields.get("smoke")
    smoke = read_flag(raw)
    if smoke is None and raw is not None:
        smoke = True
    numbers = {
        metric: read_number(fields.get(name), *READING_LIMITS[metric]) for metric, name in _FIELD_OF.items()
    }
    return DetectorReport(
        smoke=smoke,
        test=read_flag(fields.get("test")),
        tamper=read_flag(fields.get("tamper")),
        fault=read_flag(fields.get("fault_state", fields.get("fault"))),
        battery_low=read_flag(fields.get("battery_low")),
        battery_pct=numbers[Metric.BATTERY_PCT],
        smoke_level=numbers[Metric.SMOKE_LEVEL],
        temperature_c=numbers[Metric.TEMPERATURE_C],
        readings=tuple((metric, value) for metric, value in numbers.items() if value is not None),
    )


class SmokeInterpreter:
    """Implements `local_mqtt.Interpreter`. Keeps each detector's state; nothing here does IO but the log."""

    def __init__(self, settings: SmokeSettings) -> None:
        self.device = settings.bridge_device
        self.topics: tuple[str, ...] = (f"{settings.base_topic}/#",)
        self._settings = settings
        self._prefix = f"{settings.base_topic}/"
        self._ids = {each.friendly_name: each.device for each in settings.devices}
        self._rules = {each.device: settings.rules_of(each) for each in settings.devices}
        self._unmapped_rules = settings.rules.model_copy(update={"liveness": LivenessRules(heartbeat_s=None)})
        self._states: dict[str, DetectorState] = {}
        self._unmapped: OrderedDict[str, DetectorState] = OrderedDict()
        self._health: dict[str, InputHealth] = {}
        self._log = _log.bind(source=settings.name)
        self._bridge_offline_ms: int | None = None
        self._bridge_faulty = False

    def hear(self, topic: str, payload: bytes, retained: bool, moment: Moment) -> Iterable[Observation]:
        """Events and readings of one message; a retained one raises nothing, it may be of yesterday."""
        if not topic.startswith(self._prefix):
            return ()
        name = topic[len(self._prefix) :]
        if name in self._ids:
            return self._hear_detector(name, payload, retained, moment)
        if name == "bridge/state":
            return self._hear_bridge(payload, retained, moment)
        if name.startswith("bridge/"):
            return () if retained else self._bridge_is_alive(moment)
        of_device, _, last = name.rpartition("/")
        if last == "availability" and of_device:
            return self._hear_availability(of_device, payload, retained, moment)
        if last in {"set", "get"} and of_device:
            return ()
        return self._hear_detector(name, payload, retained, moment)

    def tick(self, moment: Moment) -> Iterable[Observation]:
        """What the passing of time brings: held alarms end, silent detectors are lost, a silent bridge is a fault."""
        said: list[Observation] = []
        for device, rules in self._rules.items():
            state = self._states.get(device) or detector.begin(moment.mono_ms)
            self._states[device], more = detector.tick(rules, state, device, moment)
            said.extend(more)
        for device, state in list(self._unmapped.items()):
            self._unmapped[device], more = detector.tick(self._unmapped_rules, state, device, moment)
            said.extend(more)
        offline_ms = self._bridge_offline_ms
        waited_s = 0.0 if offline_ms is None else passed_s(offline_ms, moment.mono_ms)
        if offline_ms is not None and not self._bridge_faulty and waited_s >= self._settings.bridge_offline_s:
            self._bridge_faulty = True
            note = "Zigbee 网关离线 / Zigbee2MQTT is offline: no detector behind it is heard; restart it"
            said.append(self._fault(self.device, BRIDGE_OFFLINE, True, moment, note))
        return said

    def _hear_detector(
        self, name: str, payload: bytes, retained: bool, moment: Moment
    ) -> Iterable[Observation]:
        if retained:
            return ()
        fields = read_object(payload)
        device = self._ids.get(name)
        if fields is None:
            # Other things than detectors speak on these topics, and not all of them JSON.
            return () if device is None else self._malformed(device, moment)
        said = [*self._bridge_is_alive(moment)]
        report = read_report(fields)
        if device is None:
            return [*said, *self._hear_unmapped(name, fields, report, moment)]
        health = self._health.get(device)
        if health is not None:
            self._health[device], turn = inputs.good(health)
            if turn is Turn.ENDED:
                said.append(self._fault(device, MALFORMED, False, moment))
        state = self._states.get(device) or detector.begin(moment.mono_ms)
        note = _doubt(fields)
        self._states[device], more = detector.hear(self._rules[device], state, device, report, moment, note)
        return [*more, *said]

    def _hear_unmapped(
        self, name: str, fields: dict[str, Any], report: DetectorReport, moment: Moment
    ) -> Iterable[Observation]:
        """A detector that nobody wrote into the configuration: its smoke is smoke; its readings are not kept."""
        if "smoke" not in fields:
            return ()
        device = unmapped_id(name)
        if device not in self._unmapped:
            self._log.warning("smoke_unmapped_device", friendly_name=clean_text(name), device=device)
            self._unmapped[device] = detector.begin(moment.mono_ms)
            if len(self._unmapped) > _UNMAPPED_KEPT:
                self._unmapped.popitem(last=False)
        note = f"未登记的烟感 / smoke detector not in the configuration: {clean_text(name)}"
        note = "; ".join(filter(None, (note, _doubt(fields))))
        alarm = DetectorReport(
            smoke=report.smoke,
            test=report.test,
            smoke_level=report.smoke_level,
            temperature_c=report.temperature_c,
        )
        state, said = detector.hear(self._unmapped_rules, self._unmapped[device], device, alarm, moment, note)
        self._unmapped[device] = state
        return said

    def _hear_bridge(self, payload: bytes, retained: bool, moment: Moment) -> Iterable[Observation]:
        state = _read_state(payload)
        if state == "online":
            # A retained `online` tells that no last will came since: it ends a fault, it raises none.
            return self._bridge_is_alive(moment)
        if state == "offline" and self._bridge_offline_ms is None:
            self._bridge_offline_ms = moment.mono_ms
            self._log.warning("smoke_bridge_offline", retained=retained)
        return ()

    def _bridge_is_alive(self, moment: Moment) -> Iterable[Observation]:
        self._bridge_offline_ms = None
        if not self._bridge_faulty:
            return ()
        self._bridge_faulty = False
        return (self._fault(self.device, BRIDGE_OFFLINE, False, moment),)

    def _hear_availability(
        self, name: str, payload: bytes, retained: bool, moment: Moment
    ) -> Iterable[Observation]:
        device = self._ids.get(name)
        if device is None or retained or _read_state(payload) != "offline":
            return ()
        state = self._states.get(device) or detector.begin(moment.mono_ms)
        note = "Zigbee2MQTT 报告离线 / Zigbee2MQTT says that it is offline"
        self._states[device], said = detector.lose(state, device, moment, note)
        return said

    def _malformed(self, device: str, moment: Moment) -> Iterable[Observation]:
        health = self._health.get(device, InputHealth())
        health, turn, log = inputs.bad(self._settings.inputs, health, moment.mono_ms)
        self._health[device] = health
        if log:
            self._log.warning("smoke_malformed", device=device, total=health.total)
        if turn is not Turn.RAISED:
            return ()
        note = "消息无法解析 / its messages cannot be read; Zigbee2MQTT must publish JSON (output: json)"
        return (self._fault(device, MALFORMED, True, moment, note),)

    @staticmethod
    def _fault(device: str, code: str, active: bool, moment: Moment, note: str | None = None) -> EventSeen:
        data = DeviceData(active=active, code=code, note=note)
        return EventSeen(device=device, kind=EventKind.DEVICE_FAULT, data=data, moment=moment)


def _doubt(fields: dict[str, Any]) -> str | None:
    """Why an alarm is one although its value is none that we know."""
    raw = fields.get("smoke")
    if raw is None or read_flag(raw) is not None:
        return None
    return f"烟感数值无法识别，按报警处理 / smoke is a {type(raw).__name__} of unknown meaning, taken as an alarm"


def _read_state(payload: bytes) -> str | None:
    """`online` or `offline`, as JSON `{"state": …}` or, from older versions, as plain text."""
    fields = read_object(payload)
    word = fields.get("state") if fields is not None else payload[:20].decode("ascii", "replace").strip()
    return word if isinstance(word, str) and word in {"online", "offline"} else None
