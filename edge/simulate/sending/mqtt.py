"""To the box's local broker, as Zigbee2MQTT, ESPHome nodes and gate controllers speak to it: MQTT 3.1.1, QoS 1."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.agent.local_broker import LocalBrokerSettings
from redwhistle.errors import SimulationError

_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class LogIn:
    """Another user than the box's own, whom the broker lets publish under the devices' topics."""

    username: str
    password_file: Path | None = None


class BrokerLink:
    """One connection, made with the first message. Used from one thread."""

    def __init__(self, broker: LocalBrokerSettings, log_in: LogIn | None, number: int) -> None:
        self._broker = broker
        self._log_in = log_in
        self._where = f"the local broker {broker.host}:{broker.port}"
        self._name = f"redwhistle-simulate-{os.getpid()}-{number}"
        self._client: mqtt.Client | None = None
        self._answered = threading.Event()
        self._refused: str | None = None

    def publish(self, topic: str, payload: str) -> str:
        """Returns when the broker has confirmed it. Raises SimulationError."""
        client = self._client or self._connect()
        try:
            info = client.publish(topic, payload.encode(), qos=1, retain=False)
            if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise SimulationError(f"{self._where} was lost just now: try again")
            info.wait_for_publish(_WITHIN_S)
        except (ValueError, RuntimeError):
            raise SimulationError(f"{self._where} does not take messages: try again") from None
        if not info.is_published():
            raise SimulationError(f"{self._where} did not confirm the message within {_WITHIN_S:g} s")
        return "taken by the broker"

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _connect(self) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self._name, protocol=mqtt.MQTTv311)
        client.connect_timeout = _WITHIN_S
        username, file = self._broker.username, self._broker.password_file
        if self._log_in is not None:
            username, file = self._log_in.username, self._log_in.password_file
        if username is not None:
            client.username_pw_set(username, _password(file))
        client.on_connect = self._on_connect
        try:
            client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
        except (OSError, ValueError) as error:
            raise SimulationError(f"{self._where} cannot be reached ({error}): does it run?") from None
        client.loop_start()
        self._client = client
        if not self._answered.wait(_WITHIN_S) or self._refused is not None:
            why = self._refused or "does not answer"
            self.close()
            raise SimulationError(f"{self._where} {why}")
        return client

    def _on_connect(
        self, _: mqtt.Client, __: object, ___: mqtt.ConnectFlags, code: ReasonCode, ____: Properties | None
    ) -> None:
        self._refused = f"refuses the connection ({code}): give --username" if code.is_failure else None
        self._answered.set()


def _password(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SimulationError(f"{file}: the password cannot be read: {error}") from None
