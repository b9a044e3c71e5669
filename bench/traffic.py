"""Boxes as they sound on the wire, without the boxes: envelopes made ahead, sent in a window over one connection."""

import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from redwhistle.contracts import codec, topics
from redwhistle.contracts.envelope import Envelope, Stamp
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.readings import Metric, ReadingColumns
from redwhistle.contracts.topics import Leaf
from redwhistle.ranges import Ranges, contains, normalise, union

_METRICS = (
    Metric.TEMPERATURE_C,
    Metric.HUMIDITY_PCT,
    Metric.BATTERY_PCT,
    Metric.PEOPLE_COUNT,
    Metric.LINK_QUALITY,
)
_USUAL = {
    Metric.TEMPERATURE_C: 21.5,
    Metric.HUMIDITY_PCT: 48.0,
    Metric.BATTERY_PCT: 87.0,
    Metric.PEOPLE_COUNT: 3.0,
    Metric.LINK_QUALITY: 120.0,
}


@dataclass(frozen=True, slots=True)
class Parcel:
    """One envelope ready to be sent; `last` is the highest number in it."""

    topic: str
    payload: bytes
    box: str
    last: int
    rows: int


def make_parcels(site: str, box: str, *, rows: int, per_envelope: int, devices: int = 20) -> list[Parcel]:
    """`rows` readings of one box in envelopes, dated over the last seconds; 20 devices of 5 metrics by default."""
    epoch, boot = secrets.token_hex(16), secrets.token_hex(16)
    now_ms = time.time_ns() // 1_000_000
    series: list[tuple[str, str]] = [
        (f"sensor-{i}", _METRICS[i % len(_METRICS)].value) for i in range(devices)
    ]
    usual = [_USUAL[Metric(metric)] for _, metric in series]
    parcels = []
    for first in range(1, rows + 1, per_envelope):
        n = min(per_envelope, rows + 1 - first)
        index = [(first + i) % devices for i in range(n)]
        block = ReadingColumns(
            boot=boot,
            synced=True,
            series=series,
            seq=list(range(first, first + n)),
            row_series=index,
            value=[usual[s] + ((first + i) % 97) / 100 for i, s in enumerate(index)],
            at_ms=[now_ms - 1000 + i for i in range(n)],
            mono_ms=[60_000 + first + i for i in range(n)],
        )
        envelope = Envelope(
            site=site,
            box=box,
            epoch=epoch,
            lane=Lane.TELEMETRY,
            sent=Stamp(at_ms=now_ms, mono_ms=60_000, boot=boot, synced=True),
            readings=[block],
        )
        parcels.append(
            Parcel(topics.build(site, box, Leaf.TELEMETRY), codec.encode(envelope), box, first + n - 1, n)
        )
    return parcels


@dataclass(frozen=True, slots=True)
class Sent:
    """What went out at a pace and was acknowledged by the server; `late_s`: the worst delay behind the clock."""

    rows: int
    seconds: float
    late_s: float


@dataclass
class WindowedSender:
    """Sends parcels over one MQTT 5 connection, at most `window` of them unacknowledged *by the server*."""

    host: str
    port: int
    window: int = 400
    received: dict[str, Ranges] = field(default_factory=dict)
    _open: dict[str, list[int]] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _client: paho.Client | None = None

    def __enter__(self) -> Self:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"bench-{secrets.token_hex(4)}",
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        client.max_inflight_messages_set(2000)
        client.on_message = self._on_message
        ready = threading.Event()
        client.on_subscribe = lambda *_: ready.set()
        client.connect(self.host, self.port, keepalive=60)
        client.loop_start()
        client.subscribe(topics.subscribe_all(Leaf.ACK), qos=1)
        if not ready.wait(10):
            raise TimeoutError("the broker did not confirm the subscription within 10 s")
        self._client = client
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()

    def send(self, parcels: Sequence[Parcel], *, timeout_s: float) -> float:
        """Send all and wait until the server acknowledged all; return the seconds it took."""
        assert self._client is not None
        started = time.perf_counter()
        for parcel in parcels:
            with self._changed:
                if not self._changed.wait_for(lambda: self._in_flight() < self.window, timeout=timeout_s):
                    raise TimeoutError(f"nothing was acknowledged for {timeout_s:.0f} s")
                self._open.setdefault(parcel.box, []).append(parcel.last)
            self._client.publish(parcel.topic, parcel.payload, qos=1)
        with self._changed:
            if not self._changed.wait_for(lambda: self._in_flight() == 0, timeout=timeout_s):
                raise TimeoutError(
                    f"{self._in_flight()} envelopes were not acknowledged within {timeout_s:.0f} s"
                )
        return time.perf_counter() - started

    def send_paced(self, parcels: Sequence[Parcel], *, rows_per_s: float, timeout_s: float) -> Sent:
        """Send each parcel when it is due by an absolute clock, then wait until the server acknowledged all."""
        assert self._client is not None
        started = time.perf_counter()
        rows, late_s = 0, 0.0
        for parcel in parcels:
            due_s = started + rows / rows_per_s
            time.sleep(max(0.0, due_s - time.perf_counter()))
            late_s = max(late_s, time.perf_counter() - due_s)
            with self._changed:
                self._open.setdefault(parcel.box, []).append(parcel.last)
            self._client.publish(parcel.topic, parcel.payload, qos=1)
            rows += parcel.rows
        with self._changed:
            if not self._changed.wait_for(lambda: self._in_flight() == 0, timeout=timeout_s):
                raise TimeoutError(
                    f"{self._in_flight()} envelopes were not acknowledged within {timeout_s:.0f} s"
                )
        return Sent(rows, time.perf_counter() - started, late_s)

    def _in_flight(self) -> int:
        return sum(map(len, self._open.values()))

    def _on_message(self, _: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        ack = codec.decode_ack(bytes(message.payload))
        box = topics.parse(message.topic).box
        with self._changed:
            held = union(self.received.get(box, ()), normalise(ack.received))
            self.received[box] = held
            self._open[box] = [last for last in self._open.get(box, []) if not contains(held, last)]
            self._changed.notify_all()
