"""Detectors behind Zigbee2MQTT: JSON on `<base>/<friendly_name>`, availability, and the bridge's own state. Pure.

Source: the Zigbee2MQTT documentation on topics. Availability and bridge state are retained there; a simulation's are
not, so that nothing of it is left at the broker.
"""

import json
from typing import Any

from edge.agent.sources.zigbee_settings import ZigbeeDeviceSettings, ZigbeeSettings
from edge.simulate.families import detectors
from edge.simulate.families.detectors import ALARM_FIELD, BATTERY_LOW_PCT
from edge.simulate.steps import Publish, Step, Wait
from edge.simulate.wishes import Act, Simulated, Wish
from redwhistle.contracts.readings import Metric
from redwhistle.contracts.state import DeviceKind

FAMILY = "zigbee2mqtt"
_FIELD_OF = {
    Metric.TEMPERATURE_C: "temperature",
    Metric.HUMIDITY_PCT: "humidity",
    Metric.BATTERY_PCT: "battery",
}
"""Names of Zigbee2MQTT for what the box calls otherwise."""
_GONE = (
    Act("offline", "Zigbee2MQTT says that it is offline"),
    Act("online", "Zigbee2MQTT says that it is back"),
)
_TEST_S = 1.0


class ZigbeeFamily:
    """Implements `families.port.Family` for one section."""

    def __init__(self, settings: ZigbeeSettings) -> None:
        self._settings = settings
        self._devices = {each.device: each for each in settings.devices}

    def roster(self) -> list[Simulated]:
        name = self._settings.name
        found = [
            Simulated(
                each.device,
                FAMILY,
                name,
                each.label or each.friendly_name,
                (*detectors.acts_of(each, each.kind), Act("fault", "it reports a fault"), *_GONE),
                detectors.NO_TEST,
            )
            for each in self._settings.devices
        ]
        return [*found, Simulated(self._settings.bridge_device, FAMILY, name, "Zigbee2MQTT", _GONE)]

    def plan(self, wish: Wish, now_ms: int) -> list[Step]:
        """Raises ConfigurationError."""
        del now_ms
        device = self._devices.get(wish.device)
        if device is None:
            return [self._publish("bridge/state", {"state": wish.act})]
        if wish.act in {"offline", "online"}:
            steps: list[Step] = [self._publish(f"{device.friendly_name}/availability", {"state": wish.act})]
            # Zigbee2MQTT calls a device online when it has heard it; the box believes only its own word.
            return steps if wish.act == "offline" else [*steps, self._say(device, {})]
        said = self._said(device, wish)
        if not wish.test:
            return [self._say(device, said)]
        # Nothing is said of the condition when the test ends: that there is no smoke would end a real alarm.
        marked = self._say(device, {**said, "test": True})
        return [marked, Wait(_TEST_S), self._say(device, {"test": False})]

    def _said(self, device: ZigbeeDeviceSettings, wish: Wish) -> dict[str, Any]:
        options = wish.options
        alarm = ALARM_FIELD.get(device.kind, "")
        match wish.act:
            case "alarm":
                level = {} if options.value is None else {"smoke_level": options.value}
                return {alarm: True, **level}
            case "clear":
                return {alarm: False}
            case "press":
                return {"action": options.gesture or "single"}
            case "exceed":
                measure = detectors.beyond(device.limits[0])
            case "low-battery":
                return {"battery": BATTERY_LOW_PCT, "battery_low": True}
            case "tamper":
                return {"tamper": True}
            case "fault":
                return {"fault": "probe_fault"}
            case _:
                measure = detectors.wanted_measure(device, device.kind, options)
        return {_FIELD_OF.get(measure.metric, measure.metric.value): measure.value}

    def _say(self, device: ZigbeeDeviceSettings, said: dict[str, Any]) -> Publish:
        """A whole message: what is said, and what a healthy device says besides."""
        if device.kind is DeviceKind.HEAT and "heat" in said:
            said = {"smoke": said.pop("heat"), **said}  # the radio's profile has one alarm bit for both
        own = {_own(device, name): value for name, value in said.items()}
        return self._publish(device.friendly_name, {**own, "linkquality": 112})

    def _publish(self, topic: str, said: dict[str, Any]) -> Publish:
        text = json.dumps(said, ensure_ascii=False)
        return Publish(self._settings.broker, f"{self._settings.base_topic}/{topic}", text)


def _own(device: ZigbeeDeviceSettings, field: str) -> str:
    """What this model calls a field."""
    return next((name for name, known in device.fields.items() if known == field), field)
