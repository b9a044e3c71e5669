"""Detectors behind Zigbee2MQTT: its topics and JSON become reports, the policy makes events of them.

Sources: the Zigbee2MQTT documentation on topics (`<base>/<friendly_name>`, `…/availability`, `<base>/bridge/state`);
of a smoke detector's payload only `smoke` is sure, everything else may be absent or null.
"""

from collections.abc import Callable, Iterable

from edge.agent.observation import Moment, Observation
from edge.agent.policy.rules import passed_s
from edge.agent.sources.fields import read_report, rename, speaks_of_danger
from edge.agent.sources.json_door import read_object
from edge.agent.sources.local_mqtt import LocalMqttSource
from edge.agent.sources.roster import Roster, fault
from edge.agent.sources.zigbee_settings import ZigbeeSettings
from redwhistle.logs import get_logger

BRIDGE_OFFLINE = "bridge_offline"
_MALFORMED = "消息无法解析 / its messages cannot be read; Zigbee2MQTT must publish JSON (output: json)"
_STRANGER = "未登记的探测器 / detector not in the configuration"

_log = get_logger()


def build(settings: ZigbeeSettings, *, moment: Callable[[], Moment]) -> LocalMqttSource:
    """The source of one Zigbee2MQTT's detectors."""
    return LocalMqttSource(settings.name, settings.broker, ZigbeeInterpreter(settings), moment)


class ZigbeeInterpreter:
    """Implements `local_mqtt.Interpreter`. Keeps each detector's state; nothing here does IO but the log."""

    def __init__(self, settings: ZigbeeSettings) -> None:
        self.device = settings.bridge_device
        self.topics: tuple[str, ...] = (f"{settings.base_topic}/#",)
        self._settings = settings
        self._prefix = f"{settings.base_topic}/"
        self._devices = {each.friendly_name: each for each in settings.devices}
        rules = {each.device: settings.rules_of(each) for each in settings.devices}
        self._roster = Roster(settings.name, rules, settings.rules, settings.inputs)
        self._log = _log.bind(source=settings.name)
        self._bridge_offline_ms: int | None = None
        self._bridge_faulty = False

    def hear(self, topic: str, payload: bytes, retained: bool, moment: Moment) -> Iterable[Observation]:
        """Events and readings of one message; a retained one raises nothing, it may be of yesterday."""
        if not topic.startswith(self._prefix):
            return ()
        name = topic[len(self._prefix) :]
        if name in self._devices:
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
        said = self._roster.tick(moment)
        offline_ms = self._bridge_offline_ms
        waited_s = 0.0 if offline_ms is None else passed_s(offline_ms, moment.mono_ms)
        if offline_ms is not None and not self._bridge_faulty and waited_s >= self._settings.bridge_offline_s:
            self._bridge_faulty = True
            note = "Zigbee 网关离线 / Zigbee2MQTT is offline: no detector behind it is heard; restart it"
            said.append(fault(self.device, BRIDGE_OFFLINE, True, moment, note))
        return said

    def _hear_detector(
        self, name: str, payload: bytes, retained: bool, moment: Moment
    ) -> Iterable[Observation]:
        if retained:
            return ()
        fields = read_object(payload)
        device = self._devices.get(name)
        if fields is None:
            # Other things than detectors speak on these topics, and not all of them JSON.
            return () if device is None else self._roster.malformed(device.device, moment, _MALFORMED)
        said = [*self._bridge_is_alive(moment)]
        if device is None:
            report = read_report(fields, None)
            if speaks_of_danger(report):
                said.extend(self._roster.hear_stranger(name, report, moment, _STRANGER))
            return said
        report = read_report(rename(fields, device.fields), device.kind)
        return [*self._roster.hear(device.device, report, moment), *said]

    def _hear_bridge(self, payload: bytes, retained: bool, moment: Moment) -> Iterable[Observation]:
        state = _read_state(payload)
        if state == "online":
            # A retained `online` tells that no last will came since: it ends a fault, it raises none.
            return self._bridge_is_alive(moment)
        if state == "offline" and self._bridge_offline_ms is None:
            self._bridge_offline_ms = moment.mono_ms
            self._log.warning("zigbee_bridge_offline", retained=retained)
        return ()

    def _bridge_is_alive(self, moment: Moment) -> Iterable[Observation]:
        self._bridge_offline_ms = None
        if not self._bridge_faulty:
            return ()
        self._bridge_faulty = False
        return (fault(self.device, BRIDGE_OFFLINE, False, moment),)

    def _hear_availability(
        self, name: str, payload: bytes, retained: bool, moment: Moment
    ) -> Iterable[Observation]:
        device = self._devices.get(name)
        if device is None or retained or _read_state(payload) != "offline":
            return ()
        note = "Zigbee2MQTT 报告离线 / Zigbee2MQTT says that it is offline"
        return self._roster.lose(device.device, moment, note)


def _read_state(payload: bytes) -> str | None:
    """`online` or `offline`, as JSON `{"state": …}` or, from older versions, as plain text."""
    fields = read_object(payload)
    word = fields.get("state") if fields is not None else payload[:20].decode("ascii", "replace").strip()
    return word if isinstance(word, str) and word in {"online", "offline"} else None
