"""A server that speaks real MQTT, holds what it got in memory, and acknowledges as the real one does."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.agent.outbox.envelopes import seqs_of
from redwhistle.contracts.codec import decode_envelope, decode_reply, decode_state, digest, encode
from redwhistle.contracts.commands import Command, Reply
from redwhistle.contracts.envelope import Ack, Envelope, Rejection
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.state import BoxState
from redwhistle.contracts.topics import FROM_BOX, Leaf, build, parse, subscribe_all


@dataclass
class BoxSeen:
    """What came from one box."""

    held: dict[tuple[str, Lane], Counter[int]] = field(default_factory=dict)
    """How often each number arrived."""
    arrived: list[tuple[float, Envelope]] = field(default_factory=list)
    """Monotonic seconds and envelope."""
    states: list[BoxState] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)

    def numbers(self, lane: Lane) -> list[int]:
        return sorted(n for (_, at), counter in self.held.items() if at is lane for n in counter)

    def events(self) -> dict[tuple[str, int], str]:
        """Kind of every alarm, by its identity."""
        return {
            (envelope.epoch, event.seq): event.kind
            for _, envelope in self.arrived
            if envelope.lane is Lane.ALARM
            for event in envelope.events
        }


class FakeServer:
    """`acknowledges` and `refuses` may be changed while it runs."""

    def __init__(self, port: int) -> None:
        self.boxes: dict[str, BoxSeen] = {}
        self.acknowledges = True
        self.refuses: Callable[[Envelope], bool] = lambda _envelope: False
        self.changed = threading.Condition()
        self._port = port
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="server", protocol=MQTTv5)
        self._client.reconnect_delay_set(0.05, 0.2)  # type: ignore[arg-type] # takes fractions as well
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: self._subscribed.set()

    def start(self) -> None:
        self._client.connect("127.0.0.1", self._port, keepalive=5)
        self._client.loop_start()
        assert self._subscribed.wait(10)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def box(self, box: str) -> BoxSeen:
        return self.boxes.setdefault(box, BoxSeen())

    def send(self, site: str, box: str, command: Command, *, retain: bool = False) -> None:
        self._client.publish(build(site, box, Leaf.COMMAND), encode(command), qos=1, retain=retain)

    def wait(self, condition: Callable[[], bool], timeout_s: float = 30) -> None:
        end = time.monotonic() + timeout_s
        with self.changed:
            while not condition():
                left = end - time.monotonic()
                assert left > 0, "it did not happen in time"
                self.changed.wait(min(left, 0.1))

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        _reason: ReasonCode,
        _more: Properties | None,
    ) -> None:
        client.subscribe([(subscribe_all(leaf), 1) for leaf in sorted(FROM_BOX)])

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        topic = parse(message.topic)
        payload = bytes(message.payload)
        with self.changed:
            seen = self.box(topic.box)
            if topic.leaf is Leaf.STATE:
                seen.states.append(decode_state(payload))
            elif topic.leaf is Leaf.REPLY:
                seen.replies.append(decode_reply(payload))
            else:
                self._take(seen, topic.site, topic.box, payload)
            self.changed.notify_all()

    def _take(self, seen: BoxSeen, site: str, box: str, payload: bytes) -> None:
        envelope = decode_envelope(payload)
        if self.refuses(envelope):
            rejection = Rejection(sha256=digest(payload), code="malformed", detail="refused by the test")
            ack = Ack(epoch=envelope.epoch, lane=envelope.lane, rejected=[rejection], at_ms=0)
            self._client.publish(build(site, box, Leaf.ACK), encode(ack), qos=1)
            return
        counter = seen.held.setdefault((envelope.epoch, envelope.lane), Counter())
        counter.update(seqs_of(envelope))
        seen.arrived.append((time.monotonic(), envelope))
        if self.acknowledges:
            ranges = to_ranges(counter)
            ack = Ack(epoch=envelope.epoch, lane=envelope.lane, received=ranges, at_ms=0)
            self._client.publish(build(site, box, Leaf.ACK), encode(ack), qos=1)


def to_ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Sorted inclusive ranges."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges
