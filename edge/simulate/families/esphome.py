"""Detectors on ESPHome nodes: one plain message an entity, and the node's own status. Pure.

Topics (ESPHome's documentation of its MQTT client): `<prefix>/<component>/<object_id>/state`, `<prefix>/status`.
"""

from edge.agent.sources.esphome_settings import EsphomeDeviceSettings, EsphomeSettings
from edge.agent.sources.fields import KNOWN_FIELDS, METRIC_FIELDS
from edge.simulate.families import detectors
from edge.simulate.families.detectors import ALARM_FIELD, BATTERY_LOW_PCT, Measure
from edge.simulate.steps import Publish, Step, Wait
from edge.simulate.wishes import Act, Simulated, Wish
from redwhistle.contracts.readings import Metric
from redwhistle.errors import ConfigurationError

FAMILY = "esphome"
_GONE = (
    Act("offline", "the node's last will: it is offline for all its devices"),
    Act("online", "the node says that it is back"),
)
_PRESS_S = 0.3
_TEST_S = 1.0
_SHORT = {Metric.TEMPERATURE_C: "temperature", Metric.HUMIDITY_PCT: "humidity", Metric.BATTERY_PCT: "battery"}


class EsphomeFamily:
    """Implements `families.port.Family` for one section."""

    def __init__(self, settings: EsphomeSettings) -> None:
        self._settings = settings
        self._devices = {each.device: each for each in settings.devices}
        self._fields = {each.device: _fields_of(each, settings) for each in settings.devices}

    def roster(self) -> list[Simulated]:
        return [self._simulated(each) for each in self._settings.devices]

    def plan(self, wish: Wish, now_ms: int) -> list[Step]:
        """Raises ConfigurationError."""
        del now_ms
        device = self._devices[wish.device]
        if wish.act in {"offline", "online"}:
            return [self._publish(device, "status", wish.act)]
        alarm = ALARM_FIELD.get(device.kind, "")
        match wish.act:
            case "alarm":
                level: list[Step] = []
                if wish.options.value is not None:
                    level = [self._number(device, Measure(Metric.SMOKE_LEVEL, wish.options.value))]
                steps = [*level, self._flag(device, alarm, True)]
                if wish.test:
                    steps += [Wait(_TEST_S), self._flag(device, alarm, False)]
            case "clear":
                steps = [self._flag(device, alarm, False)]
            case "press":
                steps = [
                    self._flag(device, alarm, True),
                    Wait(_PRESS_S),
                    self._flag(device, alarm, False),
                ]
            case "exceed":
                steps = [self._number(device, detectors.beyond(device.limits[0]))]
            case "low-battery":
                steps = [self._flag(device, "battery_low", True)]
                if self._entity(device, "battery") is not None:
                    steps.append(self._number(device, Measure(Metric.BATTERY_PCT, BATTERY_LOW_PCT)))
            case "tamper":
                steps = [self._flag(device, "tamper", True)]
            case _:
                fields = sorted(self._fields[device.device])
                metrics = [METRIC_FIELDS[each] for each in fields if each in METRIC_FIELDS]
                steps = [
                    self._number(device, detectors.wanted_measure(device, device.kind, wish.options, metrics))
                ]
        if not wish.test:
            return steps
        return [self._flag(device, "test", True), *steps, self._flag(device, "test", False)]

    def _simulated(self, device: EsphomeDeviceSettings) -> Simulated:
        fields = self._fields[device.device]
        marks = "test" in fields
        acts = detectors.acts_of(device, device.kind, fields=fields, marks_tests=marks)
        acts = tuple(each for each in acts if each.name != "press" or "sos" in fields)
        # A press of an entity is a contact that closes and opens: it has no gestures.
        acts = tuple(
            Act(each.name, each.says, frozenset(), each.test) if each.name == "press" else each
            for each in acts
        )
        why = detectors.NO_TEST if marks else f"no entity of node {device.node} is its `test`: add one"
        label = device.label or f"{device.node} {device.kind.value}"
        return Simulated(device.device, FAMILY, self._settings.name, label, (*acts, *_GONE), why)

    def _flag(self, device: EsphomeDeviceSettings, field: str, on: bool) -> Publish:
        return self._publish(
            device, f"binary_sensor/{self._named(device, field)}/state", "ON" if on else "OFF"
        )

    def _number(self, device: EsphomeDeviceSettings, measure: Measure) -> Publish:
        known = self._entity(device, measure.metric.value) or self._entity(
            device, _SHORT.get(measure.metric, measure.metric.value)
        )
        if known is None:
            raise ConfigurationError(
                f"{device.device}: no entity of node {device.node} is its {measure.metric.value}: "
                f"add it under `entities`, or choose another --metric"
            )
        return self._publish(device, f"sensor/{known}/state", f"{measure.value:g}")

    def _named(self, device: EsphomeDeviceSettings, field: str) -> str:
        return self._entity(device, field) or field

    def _entity(self, device: EsphomeDeviceSettings, field: str) -> str | None:
        """The object id under which the box takes this field for this device; None: under none."""
        own = next((entity for entity, known in device.entities.items() if known == field), None)
        return own or (field if field in self._fields[device.device] else None)

    def _publish(self, device: EsphomeDeviceSettings, topic: str, text: str) -> Publish:
        root = "" if self._settings.root is None else f"{self._settings.root}/"
        return Publish(self._settings.broker, f"{root}{device.node}/{topic}", text)


def _fields_of(device: EsphomeDeviceSettings, settings: EsphomeSettings) -> frozenset[str]:
    """What the box takes for this device: its own entities and, of the node's first device, every usual name that no
    other of its devices claims."""
    own = frozenset(device.entities.values())
    others = [each for each in settings.devices if each.node == device.node]
    if others[0] is not device:
        return own
    claimed = {entity for each in others for entity in each.entities}
    return own | (KNOWN_FIELDS - claimed)
