"""mq-bridge (PyPI, Rust) from MQTT into a hypertable: what another well-made program does on the same machine.

It is given its best: `COPY`, large batches, no casts (a cast makes it insert row by row), several settings of which
the fastest counts, and all messages waiting in the broker before its clock starts, so that no publisher takes a
share of the processor. Two ways of working:

* one JSON message a reading, which is what it is made for and what sensors send;
* packed: 500 such messages in one MQTT message (its `unpack`, format `benthos_binary`), which needs a program at the
  sender that packs.

It acknowledges to the broker after its COPY: at least once. It does not drop duplicates, answer the sender, correct
clocks, resolve names to keys or judge alarms.
"""

import json
import secrets
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from bench.say import Say
from bench.servers.mosquitto import Mosquitto
from bench.servers.waiting import wait_for

PER_PACK = 500
_WINDOW = 500
_PROBE = -1
"""The number of the message that finds out whether the peer has subscribed."""
_PROGRAM = "import json, sys; from mq_bridge import Route; Route.from_config(json.loads(sys.argv[1])).run()"


@dataclass(frozen=True, slots=True)
class Way:
    """One setting of the peer. `batch_rows` is counted in readings, packed or not."""

    packed: bool
    batch_rows: int
    concurrency: int

    def __str__(self) -> str:
        kind = f"{PER_PACK} readings a message" if self.packed else "one reading a message"
        return f"{kind}, COPY of up to {self.batch_rows}, concurrency {self.concurrency}"


SINGLE = (Way(False, 1000, 4), Way(False, 5000, 2), Way(False, 8000, 2))
PACKED = (Way(True, 5000, 2), Way(True, 8000, 4))


@dataclass(frozen=True, slots=True)
class PeerRate:
    """Rows a second by the fastest setting; `complete`: every reading was stored, none twice."""

    rows_per_s: float
    way: Way
    complete: bool


def measure_peer(
    url: str, broker: Mosquitto, rows: int, ways: Sequence[Way], *, folder: Path, say: Say
) -> PeerRate:
    """Store `rows` readings in each of these ways; return the fastest. Raises TimeoutError when one does not end."""
    with psycopg.connect(url, autocommit=True) as connection:
        _make_table(connection)
        try:
            return max(
                (_measure(connection, url, broker, rows, w, folder, say) for w in ways),
                key=lambda r: r.rows_per_s,
            )
        finally:
            connection.execute("DROP TABLE peer_readings")


def pack(messages: Sequence[bytes]) -> bytes:
    """Messages as one: their count, then each with its length before it; 32 bits, big-endian (Redpanda's archive)."""
    return struct.pack(">I", len(messages)) + b"".join(struct.pack(">I", len(m)) + m for m in messages)


def _make_table(connection: psycopg.Connection) -> None:
    connection.execute(
        "CREATE TABLE peer_readings (time timestamptz NOT NULL, device text NOT NULL, metric text NOT NULL,"
        " value double precision NOT NULL, seq bigint NOT NULL)"
    )
    connection.execute("SELECT create_hypertable('peer_readings', 'time', create_default_indexes => false)")
    connection.execute("CREATE INDEX ON peer_readings (device, metric, time DESC)")


def _measure(
    connection: psycopg.Connection, url: str, broker: Mosquitto, rows: int, way: Way, folder: Path, say: Say
) -> PeerRate:
    connection.execute("TRUNCATE peer_readings")
    topic = f"peer/{secrets.token_hex(4)}"
    words = [sys.executable, "-c", _PROGRAM, json.dumps(_route(url, broker, topic, way))]
    with (folder / "peer.log").open("ab") as log:
        _open_session(words, log, broker, topic, packed=way.packed)
        _publish(broker, topic, _messages(range(rows), packed=way.packed))
        peer = subprocess.Popen(words, stderr=log)
        try:
            rate = _time(connection, peer, rows)
        finally:
            peer.kill()
            peer.wait()
    row = connection.execute(
        "SELECT count(*), count(DISTINCT seq) FROM peer_readings WHERE seq <> %s", (_PROBE,)
    ).fetchone()
    say(f"peer, {way}: {rate:,.0f} readings a second; stored, distinct: {row}")
    return PeerRate(rate, way, row == (rows, rows))


def _route(url: str, broker: Mosquitto, topic: str, way: Way) -> dict[str, object]:
    source: dict[str, object] = {
        "mqtt": {
            "url": f"tcp://{broker.host}:{broker.port}",
            "topic": topic,
            "client_id": topic.replace("/", "-"),
            "qos": 1,
            "queue_capacity": 10_000,
            "max_inflight": 10_000,
            "session_expiry_interval": 3600,
        }
    }
    if way.packed:
        source["middlewares"] = [{"unpack": {"format": "benthos_binary"}}]
    columns = ("time", "device", "metric", "value", "seq")
    return {
        "input": source,
        "output": {
            "sqlx": {
                "url": url.replace("postgresql://", "postgres://"),
                "table": "peer_readings",
                "insert_query": f"INSERT INTO peer_readings ({', '.join(columns)})"
                f" VALUES ({', '.join(f'${{payload:{c}}}' for c in columns)})",
                "bulk_copy": True,
            }
        },
        "batch_size": way.batch_rows,
        "concurrency": way.concurrency,
    }


def _messages(numbers: Sequence[int], *, packed: bool) -> list[bytes]:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    single = [
        json.dumps(
            {
                "time": now,
                "device": f"sensor-{n % 20}",
                "metric": "temperature_c",
                "value": 21.5 + n % 97 / 100,
                "seq": n,
            }
        ).encode()
        for n in numbers
    ]
    if not packed:
        return single
    return [pack(single[first : first + PER_PACK]) for first in range(0, len(single), PER_PACK)]


def _time(connection: psycopg.Connection, peer: "subprocess.Popen[bytes]", rows: int) -> float:
    """From the first rows seen to the last: its start-up does not count. Counting takes a tenth of the time at most."""

    def count() -> int:
        if peer.poll() is not None:
            raise RuntimeError(f"mq-bridge ended with {peer.returncode}")
        began = time.perf_counter()
        row = connection.execute("SELECT count(*) FROM peer_readings WHERE seq <> %s", (_PROBE,)).fetchone()
        time.sleep(9 * (time.perf_counter() - began))
        return int(row[0]) if row else 0

    first = wait_for(count, timeout_s=30, every_s=0.005, what="mq-bridge stores the first message")
    started = time.perf_counter()
    if first >= rows:
        raise RuntimeError(f"{rows} readings are too few to time mq-bridge: give it more")
    wait_for(lambda: count() >= rows, timeout_s=300, every_s=0.01, what="mq-bridge has stored all")
    return (rows - first) / (time.perf_counter() - started)


def _open_session(words: list[str], log: IO[bytes], broker: Mosquitto, topic: str, *, packed: bool) -> None:
    """Run the peer until it is subscribed: its session then gathers messages while it is away."""
    probe = _messages([_PROBE], packed=packed)
    peer = subprocess.Popen(words, stderr=log)
    try:
        wait_for(
            lambda: _publish(broker, topic, probe) == 0,
            timeout_s=30,
            every_s=0.1,
            what="mq-bridge subscribes",
        )
    finally:
        peer.kill()
        peer.wait()


def _publish(broker: Mosquitto, topic: str, messages: Sequence[bytes]) -> int:
    """Publish all, a window at a time; return how many the broker had no subscriber for (MQTT 5 reason 16)."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.max_inflight_messages_set(2 * _WINDOW)
    free = threading.Semaphore(_WINDOW)
    unheard: list[int] = []

    def on_publish(_c: object, _u: object, mid: int, reason: ReasonCode, _p: object) -> None:
        if reason.value:
            unheard.append(mid)
        free.release()

    client.on_publish = on_publish
    client.connect(broker.host, broker.port)
    client.loop_start()
    for message in messages:
        if not free.acquire(timeout=30):
            raise TimeoutError("the broker confirmed nothing for 30 s")
        client.publish(topic, message, qos=1)
    for _ in range(_WINDOW):
        if not free.acquire(timeout=30):
            raise TimeoutError("the broker confirmed nothing for 30 s")
    client.disconnect()
    client.loop_stop()
    return len(unheard)
