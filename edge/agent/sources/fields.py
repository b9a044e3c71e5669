"""What the fields of a device's message mean, whatever carried it: one table for all families.

A field is named as Zigbee2MQTT names it, or as the metric it is (`water_level_m`). Sources: the field lists of
Zigbee2MQTT's device pages; the device classes of ESPHome.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from edge.agent.policy.detector_report import Condition, DetectorReport, Press
from edge.agent.policy.event_data import Gas
from edge.agent.sources.json_door import READING_LIMITS, read_flag, read_number
from edge.agent.sources.sos import read_presses
from redwhistle.contracts.events import EventKind
from redwhistle.contracts.readings import Metric
from redwhistle.contracts.state import DeviceKind

ALARM_FIELDS: dict[str, EventKind] = {
    "smoke": EventKind.SMOKE,
    "heat": EventKind.HEAT,
    "gas": EventKind.GAS,
    "carbon_monoxide": EventKind.GAS,
    "water_leak": EventKind.WATER_LEVEL,
    "moisture": EventKind.WATER_LEVEL,
    "vibration": EventKind.VIBRATION,
    "tilt": EventKind.VIBRATION,
    "drop": EventKind.VIBRATION,
    "sos": EventKind.SOS,
    "emergency": EventKind.SOS,
    "panic": EventKind.SOS,
    "manual_call": EventKind.MANUAL_CALL,
}
"""Conditions that are alarms: true, false, or a word for one."""
METRIC_FIELDS: dict[str, Metric] = {
    **{metric.value: metric for metric in READING_LIMITS},
    "temperature": Metric.TEMPERATURE_C,
    "humidity": Metric.HUMIDITY_PCT,
    "battery": Metric.BATTERY_PCT,
    "linkquality": Metric.LINK_QUALITY,
    "wifi_signal": Metric.SIGNAL_DBM,
    "co": Metric.CO_PPM,
    "liquid_depth": Metric.WATER_LEVEL_M,
}
HEALTH_FIELDS = ("test", "tamper", "fault_state", "fault", "problem", "battery_low")
ACTION = "action"
KNOWN_FIELDS = frozenset({*ALARM_FIELDS, *METRIC_FIELDS, *HEALTH_FIELDS, ACTION})
"""What a device's own names can be mapped to."""
EVENT_OF: dict[DeviceKind, EventKind] = {
    DeviceKind.SMOKE: EventKind.SMOKE,
    DeviceKind.HEAT: EventKind.HEAT,
    DeviceKind.GAS: EventKind.GAS,
    DeviceKind.SOS: EventKind.SOS,
    DeviceKind.WATER_LEVEL: EventKind.WATER_LEVEL,
    DeviceKind.VIBRATION: EventKind.VIBRATION,
}
"""What each kind of device warns of."""
_GAS_OF: dict[str, Gas] = {"carbon_monoxide": "co"}
_MAY_MEASURE = frozenset({"moisture", "vibration", "tilt", "drop"})
"""Some devices give a measure under these names: a number there is no alarm."""
_ABOUT_ITSELF = frozenset({Metric.BATTERY_PCT, Metric.LINK_QUALITY, Metric.SIGNAL_DBM})
_SHAKES = frozenset({"vibration", "tilt", "drop"})
_SPLIT = re.compile(r"[^a-z]+")


def read_report(fields: Mapping[str, Any], kind: DeviceKind | None) -> DetectorReport:
    """What a message says; `kind` None: nobody knows the device.

    A field that is absent, null or not understood counts as not said, except an alarm's: one that is there, not null
    and not understood counts as an alarm, with a note. A number that cannot be is no reading but a fault.
    """
    readings, implausible = _read_metrics(fields)
    charge = dict(readings).get(Metric.BATTERY_PCT)
    return DetectorReport(
        conditions=(*_read_alarms(fields, kind), *_read_shaking(fields, kind)),
        presses=_read_actions(fields, kind),
        kind=_kind_of(fields, kind),
        test=read_flag(fields.get("test")),
        tamper=read_flag(fields.get("tamper")),
        fault=_read_fault(fields),
        battery_low=read_flag(fields.get("battery_low")),
        battery_pct=charge,
        readings=readings,
        implausible=implausible,
    )


def speaks_of_danger(report: DetectorReport) -> bool:
    """Whether a message of a device that nobody knows is one of ours at all."""
    return bool(report.conditions or report.presses)


def rename(fields: Mapping[str, Any], names: Mapping[str, str]) -> Mapping[str, Any]:
    """A message with a model's own names replaced by those that the box knows. Of two that become one, that which
    alarms is kept."""
    if not names:
        return fields
    renamed: dict[str, Any] = {}
    for name, value in fields.items():
        known = names.get(name, name)
        if known not in renamed or read_flag(renamed[known]) in {None, False}:
            renamed[known] = value
    return renamed


def _read_alarms(fields: Mapping[str, Any], kind: DeviceKind | None) -> list[Condition]:
    found: list[Condition] = []
    for name, event in ALARM_FIELDS.items():
        raw = fields.get(name)
        measures = name in _MAY_MEASURE and isinstance(raw, int | float) and not isinstance(raw, bool)
        if raw is None or measures:
            continue
        value = read_flag(raw)
        note = None if value is not None else _doubt(name, raw)
        if name == "smoke" and kind is DeviceKind.HEAT:
            event = EventKind.HEAT  # the radio's profile has one alarm bit for both
        found.append(Condition(event, value is not False, name, note, _GAS_OF.get(name)))
    return found


def _read_actions(fields: Mapping[str, Any], kind: DeviceKind | None) -> tuple[Press, ...]:
    return read_presses(fields.get(ACTION), is_sos=kind is DeviceKind.SOS, is_known=kind is not None)


def _read_shaking(fields: Mapping[str, Any], kind: DeviceKind | None) -> tuple[Condition, ...]:
    """A vibration sensor's `action` is a moment, not a state: it begins and is over."""
    action = fields.get(ACTION)
    if kind is not DeviceKind.VIBRATION or not isinstance(action, str):
        return ()
    if not _SHAKES.intersection(_SPLIT.split(action.lower())):
        return ()
    return tuple(Condition(EventKind.VIBRATION, value, ACTION) for value in (True, False))


def _read_metrics(
    fields: Mapping[str, Any],
) -> tuple[tuple[tuple[Metric, float], ...], tuple[Metric, ...]]:
    readings: dict[Metric, float] = {}
    implausible: list[Metric] = []
    for name, metric in METRIC_FIELDS.items():
        raw = fields.get(name)
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            continue
        value = read_number(raw, *READING_LIMITS[metric])
        if value is not None:
            readings[metric] = value
        elif metric not in _ABOUT_ITSELF:
            implausible.append(metric)
    return tuple(readings.items()), tuple(m for m in dict.fromkeys(implausible) if m not in readings)


def _read_fault(fields: Mapping[str, Any]) -> bool | None:
    """Faults have many names (`probe_fault`): a word that does not mean good is one."""
    raw = next((fields[name] for name in ("fault_state", "fault", "problem") if name in fields), None)
    flag = read_flag(raw)
    return True if flag is None and isinstance(raw, str) else flag


def _kind_of(fields: Mapping[str, Any], kind: DeviceKind | None) -> EventKind | None:
    if kind is not None:
        return EVENT_OF.get(kind)
    return next((event for name, event in ALARM_FIELDS.items() if name in fields), None)


def _doubt(name: str, raw: object) -> str:
    what = f"{type(raw).__name__} of unknown meaning"
    if isinstance(raw, float) and not math.isfinite(raw):
        what = "number that is none"
    return f"数值无法识别，按报警处理 / {name} is a {what}, taken as an alarm"
