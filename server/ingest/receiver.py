"""The MQTT side of ingest: a connection per kind of message, acknowledged to the broker only when it was handled.

paho-mqtt 2 with manual acknowledgement; MQTT 5 Receive Maximum bounds what waits here. Nothing relies on the
broker: a box sends again until it has *our* acknowledgement, so sessions are clean and short.
"""

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from redwhistle.logs import get_logger
from server.ingest.ports import Answer, Message

log = get_logger(part="ingest")


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """How to reach the broker. `ca_file` turns TLS on; passwords come from files or the environment, never the log."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message and what the broker must be told when it is handled."""

    message: Message
    mid: int
    qos: int
    connection: int


class Receiver:
    """One MQTT connection with its subscriptions; messages wait in `take`, bounded by the Receive Maximum."""

    def __init__(
        self, settings: BrokerSettings, client_id: str, filters: Sequence[str], *, receive_maximum: int = 512
    ) -> None:
        self._filters = tuple(filters)
        self._settings = settings
        self._waiting: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._connection = 0
        self._name = client_id
        self.connected = threading.Event()
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.reconnect_delay_set(min_delay=1, max_delay=10)
        if settings.username is not None:
            client.username_pw_set(settings.username, settings.password)
        if settings.ca_file is not None:
            client.tls_set(ca_certs=settings.ca_file, certfile=settings.cert_file, keyfile=settings.key_file)
        self._properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        self._properties.ReceiveMaximum = receive_maximum
        self._client = client

    def start(self) -> None:
        """Connect in the background, again and again until `stop`."""
        self._client.connect_async(
            self._settings.host,
            self._settings.port,
            keepalive=15,
            clean_start=True,
            properties=self._properties,
        )
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect; what was not acknowledged is sent again by the boxes."""
        self._client.disconnect()
        self._client.loop_stop()

    def take(self, *, at_most: int, wait_s: float, linger_s: float) -> list[Delivery]:
        """Up to `at_most` messages: waits `wait_s` for the first, then gathers for `linger_s`."""
        try:
            taken = [self._waiting.get(timeout=wait_s)]
        except queue.Empty:
            return []
        until = time.monotonic() + linger_s
        while len(taken) < at_most:
            try:
                taken.append(self._waiting.get(timeout=max(0.0, until - time.monotonic())))
            except queue.Empty:
                break
        return taken

    def settle(self, deliveries: Sequence[Delivery], answers: Sequence[Answer]) -> None:
        """Publish the answers, then tell the broker that these messages are handled."""
        for answer in answers:
            self._client.publish(answer.topic, answer.payload, qos=1)
        for delivery in deliveries:
            if delivery.qos and delivery.connection == self._connection:
                self._client.ack(delivery.mid, delivery.qos)

    def _on_connect(self, client: paho.Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            log.error("broker_refused", client=self._name, reason=str(reason))
            return
        self._connection += 1
        client.subscribe([(f, SubscribeOptions(qos=1)) for f in self._filters])
        log.info("broker_connected", client=self._name, host=self._settings.host, port=self._settings.port)

    def _on_subscribe(self, _: paho.Client, __: Any, ___: Any, reasons: Any, ____: Any) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            log.error(
                "subscription_refused",
                client=self._name,
                filters=self._filters,
                reasons=refused,
                note="nothing arrives here: check the broker's access rules for this user",
            )
            return
        self.connected.set()

    def _on_disconnect(self, _: paho.Client, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        self.connected.clear()
        log.warning("broker_disconnected", client=self._name, reason=str(reason))

    def _on_message(self, _: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        received_ms = time.time_ns() // 1_000_000
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = repr(bytes(message._topic))  # noqa: SLF001  paho decodes on access; such a topic is quarantined
        self._waiting.put(
            Delivery(
                Message(topic, bytes(message.payload), received_ms),
                message.mid,
                message.qos,
                self._connection,
            )
        )
