"""Detectors on ESPHome nodes over MQTT: one small message an entity becomes a report, the policy makes events of it.

Topics (ESPHome's documentation of its MQTT client): `<prefix>/<component>/<object_id>/state` with a plain value, or a
JSON object with `state`, `value` or `event_type`; `<prefix>/status` with `online`, or `offline` as the last will.
States are retained: what comes with the subscription may be of yesterday and raises nothing.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from edge.agent.observation import Moment, Observation
from edge.agent.policy.detector_report import DetectorReport
from edge.agent.policy.rules import passed_s
from edge.agent.sources.esphome_settings import EsphomeDeviceSettings, EsphomeSettings
from edge.agent.sources.fields import (
    ACTION,
    ALARM_FIELDS,
    EVENT_OF,
    KNOWN_FIELDS,
    read_report,
    speaks_of_danger,
)
from edge.agent.sources.json_door import MAX_PAYLOAD_BYTES, read_flag, read_object
from edge.agent.sources.local_mqtt import LocalMqttSource
from edge.agent.sources.roster import Roster
from redwhistle.contracts.events import EventKind
from redwhistle.contracts.state import DeviceKind

_CONDITIONS = "binary_sensor"
_VALUES = "sensor"
_EVENTS = "event"
_MALFORMED = "消息无法解析 / its messages cannot be read; see docs/sensors for what a node must publish"
_OFFLINE = "节点离线 / the node is offline: check its power and its radio"
_STRANGER = "未登记的节点 / node not in the configuration"

Value = bool | float | str


def build(settings: EsphomeSettings, *, moment: Callable[[], Moment]) -> LocalMqttSource:
    """The source of the detectors on ESPHome nodes at one broker."""
    return LocalMqttSource(settings.name, settings.broker, EsphomeInterpreter(settings), moment)


def read_value(component: str, payload: bytes) -> Value | None:
    """An entity's value: a number of a `sensor` (NaN where the sensor failed), text or a truth of the others.

    None: cannot be read.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        return None
    fields = read_object(payload)
    if fields is not None:
        raw = next((fields[name] for name in ("state", "value", "event_type") if name in fields), None)
    else:
        try:
            raw = payload.decode("utf-8").strip()
        except UnicodeDecodeError:
            return None
    if component == _VALUES:
        return _read_number(raw)
    if isinstance(raw, bool | str):
        return raw
    return float(raw) if isinstance(raw, int | float) and abs(raw) < 1e15 else None


class EsphomeInterpreter:
    """Implements `local_mqtt.Interpreter`. Keeps each detector's state; nothing here does IO but the log."""

    def __init__(self, settings: EsphomeSettings) -> None:
        self.device = settings.source_device
        self._prefix = "" if settings.root is None else f"{settings.root}/"
        self.topics: tuple[str, ...] = (
            *(f"{self._prefix}+/{each}/+/state" for each in (_CONDITIONS, _VALUES, _EVENTS)),
            f"{self._prefix}+/status",
        )
        self._settings = settings
        self._nodes: dict[str, list[EsphomeDeviceSettings]] = {}
        for each in settings.devices:
            self._nodes.setdefault(each.node, []).append(each)
        rules = {each.device: settings.rules_of(each) for each in settings.devices}
        self._roster = Roster(settings.name, rules, settings.rules, settings.inputs)
        self._testing: dict[str, bool] = {}
        """A device's last word on its test switch, which comes apart from its alarm."""
        self._offline_ms: dict[str, int] = {}

    def hear(self, topic: str, payload: bytes, retained: bool, moment: Moment) -> Iterable[Observation]:
        """Events and readings of one message; a retained one raises nothing."""
        if not topic.startswith(self._prefix):
            return ()
        match topic[len(self._prefix) :].split("/"):
            case [node, "status"]:
                return self._hear_status(node, payload, retained, moment)
            case [node, component, entity, "state"] if component in {_CONDITIONS, _VALUES, _EVENTS}:
                return () if retained else self._hear_entity(node, component, entity, payload, moment)
            case _:
                return ()

    def tick(self, moment: Moment) -> Iterable[Observation]:
        """What the passing of time brings: held alarms end, silent detectors are lost."""
        said = self._roster.tick(moment)
        for node, since_ms in list(self._offline_ms.items()):
            if passed_s(since_ms, moment.mono_ms) >= self._settings.node_offline_s:
                del self._offline_ms[node]
                for each in self._nodes[node]:
                    said.extend(self._roster.lose(each.device, moment, _OFFLINE))
        return said

    def _hear_status(
        self, node: str, payload: bytes, retained: bool, moment: Moment
    ) -> Iterable[Observation]:
        if node not in self._nodes:
            return ()
        word = payload[:20].decode("ascii", "replace").strip().lower()
        if word == "offline":
            # A retained one counts: the broker holds it since the node's last will.
            self._offline_ms.setdefault(node, moment.mono_ms)
        elif word == "online":
            self._offline_ms.pop(node, None)
            return () if retained else self._hear_node(node, moment)
        return ()

    def _hear_entity(
        self, node: str, component: str, entity: str, payload: bytes, moment: Moment
    ) -> Iterable[Observation]:
        if node not in self._nodes:
            return self._hear_stranger(node, component, entity, payload, moment)
        self._offline_ms.pop(node, None)
        owner, field = self._find(node, entity)
        said: list[Observation] = []
        if owner is not None:
            value = read_value(component, payload)
            if value is None:
                said.extend(self._roster.malformed(owner.device, moment, _MALFORMED))
            else:
                said.extend(self._hear_owner(owner, component, field, value, moment))
        # What one entity says proves that the whole node lives.
        return [*said, *self._hear_node(node, moment, but=owner)]

    def _hear_owner(
        self, owner: EsphomeDeviceSettings, component: str, field: str, value: Value, moment: Moment
    ) -> Iterable[Observation]:
        report = _read(component, field, value, owner.kind)
        if field == "test" and component == _CONDITIONS:
            self._testing[owner.device] = read_flag(value) is True
        return self._roster.hear(owner.device, self._mark(owner, report), moment)

    def _hear_node(
        self, node: str, moment: Moment, *, but: EsphomeDeviceSettings | None = None
    ) -> list[Observation]:
        said: list[Observation] = []
        for each in self._nodes[node]:
            if each is not but:
                report = self._mark(each, DetectorReport(kind=EVENT_OF.get(each.kind)))
                said.extend(self._roster.hear(each.device, report, moment))
        return said

    def _mark(self, device: EsphomeDeviceSettings, report: DetectorReport) -> DetectorReport:
        return replace(report, test=self._testing.get(device.device))

    def _find(self, node: str, entity: str) -> tuple[EsphomeDeviceSettings | None, str]:
        """Whose entity it is, and which field; None: nobody's."""
        devices = self._nodes[node]
        for each in devices:
            if entity in each.entities:
                return each, each.entities[entity]
        return (devices[0], entity) if entity in KNOWN_FIELDS else (None, entity)

    def _hear_stranger(
        self, node: str, component: str, entity: str, payload: bytes, moment: Moment
    ) -> Iterable[Observation]:
        """A node that nobody wrote down: its conditions and presses count, by the names that it gives them."""
        if component == _VALUES or (component == _CONDITIONS and entity not in ALARM_FIELDS):
            return ()
        value = read_value(component, payload)
        if value is None:
            return ()
        report = _read(component, entity, value, None)
        if not speaks_of_danger(report):
            return ()
        return self._roster.hear_stranger(node, report, moment, _STRANGER)


def _read(component: str, field: str, value: Value, kind: DeviceKind | None) -> DetectorReport:
    """One entity's value as a report. A number under the name of a condition is a measure, and no alarm."""
    if component == _EVENTS:
        is_call = ALARM_FIELDS.get(field) is EventKind.SOS
        return read_report({ACTION: value}, DeviceKind.SOS if is_call else kind)
    if component == _VALUES and field in ALARM_FIELDS:
        return DetectorReport(kind=None if kind is None else EVENT_OF.get(kind))
    return read_report({field: value}, kind)


def _read_number(raw: object) -> float | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int | float):
        return float(raw) if abs(raw) < 1e300 else math.nan
    if raw == "None":
        return math.nan  # a failed sensor's, with publish_nan_as_none
    try:
        return float(raw) if isinstance(raw, str) and len(raw) <= 40 else None
    except ValueError:
        return None
