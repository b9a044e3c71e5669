"""A server that the broker lets in and gives nothing: it must not look connected."""

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from server.ingest.receiver import BrokerSettings, Receiver


@pytest.mark.parametrize(("name", "counts"), [("Not authorized", False), ("Granted QoS 1", True)])
def test_a_refused_subscription_is_no_connection(name: str, counts: bool) -> None:
    receiver = Receiver(BrokerSettings("127.0.0.1", 1), "rw-test", ["rw/v1/+/+/alarm"])
    reason = ReasonCode(PacketTypes.SUBACK, name)
    receiver._on_subscribe(receiver._client, None, 1, [reason], None)
    assert receiver.connected.is_set() is counts
