"""Gates that speak JSON, at the local broker or by HTTP. Pure."""

import json
from typing import Any
from urllib.parse import quote

from edge.agent.sources.gate_settings import GateDeviceSettings, GateHttpSettings, GateSettings
from edge.simulate.steps import Post, Publish, Step
from edge.simulate.wishes import Act, Simulated, Wish

MQTT_FAMILY = "gate"
HTTP_FAMILY = "gate_http"
_OPEN_S = 45.0
_WAY = frozenset({"direction"})
_CARD = frozenset({"direction", "card", "reason"})
ACTS = (
    Act("forced", "open without being released", _WAY, test=True),
    Act("closed", "shut; ends forced and held open", test=True),
    Act("opened", "open in the regular way", _CARD | {"people"}, test=True),
    Act("denied", "a card was refused", _CARD, test=True),
    Act("held-open", f"open for {_OPEN_S:g} s", test=True),
    Act("passed", "people went through", _WAY | {"people"}, test=True),
    Act("tailgating", "more people than were let in", _WAY | {"people"}, test=True),
)


class GateFamily:
    """Implements `families.port.Family` for one section of either kind."""

    def __init__(self, settings: GateSettings | GateHttpSettings) -> None:
        self._settings = settings
        self._devices = {each.device: each for each in settings.devices}

    def roster(self) -> list[Simulated]:
        family = MQTT_FAMILY if isinstance(self._settings, GateSettings) else HTTP_FAMILY
        return [
            Simulated(each.device, family, self._settings.name, each.label or each.name, ACTS)
            for each in self._settings.devices
        ]

    def plan(self, wish: Wish, now_ms: int) -> list[Step]:
        """Raises ConfigurationError."""
        del now_ms
        return [self._step(self._devices[wish.device], json.dumps(_payload(wish), ensure_ascii=False))]

    def _step(self, device: GateDeviceSettings, text: str) -> Step:
        topic = f"{self._settings.prefix}/gate/{device.name}"
        if isinstance(self._settings, GateSettings):
            return Publish(self._settings.broker, topic, text)
        return Post(self._settings, f"/{quote(topic)}", text)


def _payload(wish: Wish) -> dict[str, Any]:
    options = wish.options
    said: dict[str, Any] = {"event": wish.act.replace("-", "_")}
    if wish.act == "held-open":
        said["open_s"] = _OPEN_S
    for name in ("direction", "card", "people", "reason"):
        value = getattr(options, name)
        if value is not None:
            said[name] = value
    if wish.test:
        said["test"] = True
    return said
