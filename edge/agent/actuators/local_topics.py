"""Sirens, relays and loudspeakers behind the box's local broker: Zigbee2MQTT, ESPHome, and plain topics."""

import json
import threading
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.agent.actuators.settings import MqttSettings, MqttSpeakerSettings
from edge.agent.actuators.speaking import texts_of
from edge.agent.actuators.switching import is_on
from edge.agent.filepaths import read_secret
from edge.agent.local_broker import LocalBrokerSettings
from edge.agent.orders import Act, Order
from redwhistle.errors import ActuatorError

_CONNECT_S = 2.0
_LAST_S = 1800
"""What a Zigbee siren is told for an order without an end; it is told again long before."""


class TopicActuator:
    """Implements `ports.Actuator`. Connected from the start, so that an order finds the way open."""

    def __init__(
        self,
        settings: MqttSettings | MqttSpeakerSettings,
        write: Callable[[Order], tuple[str, str]],
    ) -> None:
        """`write` makes topic and payload of an order; it raises ActuatorError for what cannot be said."""
        self._settings = settings
        self._write = write
        self._client: mqtt.Client | None = None
        self._connected = threading.Event()
        self._refused: str | None = None

    @property
    def device(self) -> str:
        return self._settings.device

    def apply(self, order: Order) -> None:
        topic, payload = self._write(order)
        client = self._open()
        broker = self._settings.broker
        where = f"the local broker {broker.host}:{broker.port}"
        if not self._connected.wait(self._settings.timeout_s):
            reason = self._refused or "cannot be reached; check that it runs"
            raise ActuatorError(f"{self.device}: {where} {reason}")
        info = client.publish(topic, payload, qos=1, retain=False)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise ActuatorError(f"{self.device}: {where} was lost just now")
        try:
            info.wait_for_publish(self._settings.timeout_s)
        except (ValueError, RuntimeError):
            raise ActuatorError(f"{self.device}: {where} does not take messages") from None
        if not info.is_published():
            raise ActuatorError(f"{self.device}: {where} did not confirm in {self._settings.timeout_s:g} s")

    def tend(self) -> None:
        """Nothing: the device goes on by itself. It opens the connection, so that the first order need not wait."""
        self._open()

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()
        self._connected.clear()

    def _open(self) -> mqtt.Client:
        if self._client is not None:
            return self._client
        broker = self._settings.broker
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{broker.client_id or 'redwhistle'}-{self.device}"[:64],
            protocol=mqtt.MQTTv311,
        )
        client.connect_timeout = _CONNECT_S
        client.reconnect_delay_set(1, 10)
        if broker.username is not None:
            client.username_pw_set(broker.username, _password(broker, self.device))
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.connect_async(broker.host, broker.port, broker.keepalive_s)
        client.loop_start()
        self._client = client
        return client

    def _on_connect(
        self, _: mqtt.Client, __: object, ___: mqtt.ConnectFlags, code: ReasonCode, ____: Properties | None
    ) -> None:
        if code.is_failure:
            self._refused = f"refuses the connection ({code}): check username and password_file"
            return
        self._refused = None
        self._connected.set()

    def _on_disconnect(self, *_: object) -> None:
        self._connected.clear()


def switch(settings: MqttSettings) -> TopicActuator:
    """A siren or relay."""

    def write(order: Order) -> tuple[str, str]:
        return _dialect(settings, order, is_on(order))

    return TopicActuator(settings, write)


def speaker(settings: MqttSpeakerSettings) -> TopicActuator:
    """A loudspeaker that takes messages and texts."""

    def write(order: Order) -> tuple[str, str]:
        languages = list(order.languages or settings.languages)
        body: dict[str, Any] = {
            "act": order.act.value,
            "message": order.message,
            "for_s": order.for_s,
            "drill": order.exercise is not None,
        }
        if order.act is Act.SPEAK and (order.text is not None or settings.texts):
            texts = texts_of(order, settings.texts, settings.languages)
            body |= {"texts": texts, "languages": list(texts)}
        else:
            body |= {"languages": languages}
        return settings.topic, json.dumps(body, ensure_ascii=False)

    return TopicActuator(settings, write)


def _dialect(settings: MqttSettings, order: Order, on: bool) -> tuple[str, str]:
    match settings.dialect:
        case "zigbee2mqtt_warning":
            for_s = round(min(order.for_s or _LAST_S, settings.most_on_s or _LAST_S, _LAST_S))
            warning = {
                "mode": "emergency" if on else "stop",
                "level": "very_high",
                "strobe": on,
                "duration": for_s if on else 0,
            }
            return f"{settings.topic}/set", json.dumps({"warning": warning})
        case "zigbee2mqtt_state":
            return f"{settings.topic}/set", json.dumps({"state": "ON" if on else "OFF"})
        case "esphome_switch":
            return f"{settings.topic}/command", "ON" if on else "OFF"
        case "plain":
            return settings.topic, settings.on_payload if on else settings.off_payload


def _password(broker: LocalBrokerSettings, device: str) -> str | None:
    if broker.password_file is None:
        return None
    try:
        return read_secret(broker.password_file)
    except (OSError, UnicodeDecodeError) as error:
        raise ActuatorError(f"{device}: {broker.password_file} cannot be read: {error}") from error
