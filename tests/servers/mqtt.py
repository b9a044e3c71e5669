"""A small MQTT 5 client for tests of brokers."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from bench.servers.waiting import wait_for


class TestClient:
    """Collects what it receives as (topic, payload); `refused` holds the reason of a refused connection."""

    __test__ = False

    def __init__(self, client: paho.Client) -> None:
        self.client = client
        self.received: list[tuple[str, bytes]] = []
        self.refused = ""
        self.connected = False
        self._granted: set[int] = set()
        client.on_message = self._on_message
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe

    def subscribe(self, topic: str) -> None:
        """Subscribe at QoS 1 and wait for the broker's answer."""
        _, number = self.client.subscribe(topic, 1)
        wait_for(lambda: number in self._granted, what=f"the subscription to {topic}")

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 1 and wait for the broker's PUBACK (also sent for what an access list refuses)."""
        self.client.publish(topic, payload, 1).wait_for_publish(10)

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self.received.append((message.topic, bytes(message.payload)))

    def _on_connect(
        self, _client: paho.Client, _data: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        self.connected = not reason.is_failure
        self.refused = str(reason) if reason.is_failure else ""

    def _on_subscribe(
        self, _client: paho.Client, _data: object, number: int, _reasons: object, _properties: object
    ) -> None:
        self._granted.add(number)


@contextmanager
def connected(
    port: int,
    client_id: str,
    *,
    username: str | None = None,
    tls: ssl.SSLContext | None = None,
    session_s: int = 0,
) -> Iterator[TestClient]:
    """A connected client; `session_s` keeps its session over a lost connection."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5)
    if username is not None:
        client.username_pw_set(username)
    if tls is not None:
        client.tls_set_context(tls)
    client.reconnect_delay_set(1, 1)
    seen = TestClient(client)
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = session_s
    client.connect("127.0.0.1", port, 10, clean_start=session_s == 0, properties=properties)
    client.loop_start()
    try:
        wait_for(lambda: seen.connected or seen.refused, what="the broker's answer")
        yield seen
    finally:
        client.disconnect()
        client.loop_stop()
