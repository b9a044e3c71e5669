"""Readings stored per second by one ingest process, exactly once, acknowledged after commit; beside mq-bridge.

Publisher, broker (Mosquitto), ingest and database (TimescaleDB, fsync on) share this machine. The clock runs from the
first envelope sent to the last one acknowledged by the server. The peer does what it is made for, on the same broker
and database in the same run: one JSON message a reading, MQTT QoS 1 → INSERT into a hypertable, its own batching.
"""

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from bench.machine import describe_machine
from bench.places import plant_compound
from bench.servers.databases import Databases
from bench.servers.folder import server_folder
from bench.servers.mosquitto import Mosquitto
from bench.servers.timescaledb import timescaledb_server
from bench.servers.waiting import wait_for
from bench.traffic import Parcel, WindowedSender, make_parcels
from redwhistle.contracts import topics
from redwhistle.contracts.topics import Leaf
from server.ingest.service import SHARE
from server.store.migrate import migrate, read_status

SITE = "bench"
_CHECKOUT = Path(__file__).resolve().parent.parent


def measure(*, rows: int, peer_rows: int, boxes: int = 50, per_envelope: int = 500) -> dict[str, object]:
    """Run both and return the figures; prints progress to stderr."""
    with ExitStack() as stack:
        folder = stack.enter_context(server_folder("bench"))
        server = stack.enter_context(timescaledb_server(folder / "pg", settings={"fsync": "on"}))
        broker = stack.enter_context(Mosquitto(folder / "mqtt"))
        url = Databases(server.url).create()
        migrate(url)
        plant_compound(url, SITE)
        say(f"preparing {rows:,} readings of {boxes} boxes")
        parcels = interleave(
            [
                make_parcels(SITE, f"bench-{i}", rows=rows // boxes, per_envelope=per_envelope)
                for i in range(boxes)
            ]
        )
        total = sum(p.rows for p in parcels)
        ingest = stack.enter_context(run_ingest(url, broker))
        with WindowedSender(broker.host, broker.port) as sender:
            sender.send([p for p in parcels if p.last <= per_envelope], timeout_s=60)  # names get their keys
            rest = [p for p in parcels if p.last > per_envelope]
            timed = sum(p.rows for p in rest)
            say(f"sending {timed:,} readings")
            seconds = sender.send(rest, timeout_s=120)
        exactly_once = stored_exactly_once(url, total)
        ingest.terminate()
        ingest.wait(20)
        rate = timed / seconds
        say(f"stored {rate:,.0f} readings a second; now the peer with {peer_rows:,}")
        peer_rate = measure_peer(url, broker, peer_rows)
        return {
            "rows_per_s": round(rate),
            "peer": "mq-bridge",
            "peer_rows_per_s": round(peer_rate),
            "ratio": round(rate / peer_rate, 1),
            "database": f"timescaledb ({read_status(url).edition}), fsync on",
            "exactly_once": exactly_once,
            "rows": timed,
            "seconds": round(seconds, 2),
            "boxes": boxes,
            "rows_per_envelope": per_envelope,
            "machine": describe_machine(),
        }


def interleave(by_box: list[list[Parcel]]) -> list[Parcel]:
    """One envelope of each box in turn, as they would come."""
    return [parcel for turn in zip(*by_box, strict=True) for parcel in turn]


class run_ingest(ExitStack):  # noqa: N801  used as `with run_ingest(...)`
    """One `redwhistle ingest` process that is subscribed."""

    def __init__(self, url: str, broker: Mosquitto) -> None:
        super().__init__()
        self._argv = [
            sys.executable, "-c", "from redwhistle.cli import main; main()", "ingest",
            "--database-url", url, "--mqtt-host", broker.host, "--mqtt-port", str(broker.port), "--log-json",
        ]  # fmt: skip
        self._broker = broker

    def __enter__(self) -> "subprocess.Popen[bytes]":  # type: ignore[override]
        super().__enter__()
        process = subprocess.Popen(self._argv, cwd=_CHECKOUT, stderr=subprocess.DEVNULL)
        self.callback(process.wait)
        self.callback(process.kill)
        wait_for(lambda: subscribed(self._broker, process), timeout_s=20, what="ingest is subscribed")
        return process


def subscribed(broker: Mosquitto, process: "subprocess.Popen[bytes]") -> bool:
    """Whether somebody holds the shared subscription: a probe is delivered to nobody otherwise (reason code 16)."""
    if process.poll() is not None:
        raise RuntimeError(f"ingest ended with {process.returncode}")
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    reasons: list[int] = []
    client.on_publish = lambda _c, _u, _m, reason, _p: reasons.append(reason.value)
    client.connect(broker.host, broker.port)
    client.loop_start()
    client.publish(topics.build(SITE, "probe", Leaf.TELEMETRY), b"", qos=1)
    deadline = time.monotonic() + 2
    while not reasons and time.monotonic() < deadline:
        time.sleep(0.01)
    client.disconnect()
    client.loop_stop()
    return reasons == [0] and bool(SHARE)


def stored_exactly_once(url: str, expected: int) -> bool:
    """Whether all numbers of all lanes are there, each once."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*), count(DISTINCT (progress_key, seq)),"
            " (SELECT sum(upper(r) - lower(r)) FROM box_progress, unnest(received) AS r)"
            " FROM readings"
        ).fetchone()
    say(f"stored, distinct, acknowledged: {row}")
    return row == (expected, expected, expected)


def measure_peer(url: str, broker: Mosquitto, rows: int) -> float:
    """mq-bridge's rows per second from MQTT into a hypertable of the same kind."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE peer_readings (time timestamptz NOT NULL, device text NOT NULL, metric text NOT NULL,"
            " value double precision NOT NULL, seq bigint NOT NULL)"
        )
        connection.execute(
            "SELECT create_hypertable('peer_readings', 'time', create_default_indexes => false)"
        )
        connection.execute("CREATE INDEX ON peer_readings (device, metric, time DESC)")
    config = {
        "input": {
            "mqtt": {
                "url": f"tcp://{broker.host}:{broker.port}",
                "topic": "peer/readings",
                "client_id": "peer",
                "qos": 1,
                "queue_capacity": 5000,
                "max_inflight": 5000,
            }
        },
        "output": {
            "sqlx": {
                "url": url.replace("postgresql://", "postgres://"),
                "table": "peer_readings",
                "insert_query": "INSERT INTO peer_readings (time, device, metric, value, seq) VALUES ("
                "${payload:time}::timestamptz, ${payload:device}, ${payload:metric}, ${payload:value}, ${payload:seq})",
            }
        },
        "batch_size": 500,
    }
    program = (
        "import json, sys; from mq_bridge import Route; Route.from_config(json.loads(sys.argv[1])).run()"
    )
    peer = subprocess.Popen([sys.executable, "-c", program, json.dumps(config)], stderr=subprocess.DEVNULL)
    try:
        return _feed_peer(url, broker, rows, peer)
    finally:
        peer.kill()
        peer.wait()


def _feed_peer(url: str, broker: Mosquitto, rows: int, peer: "subprocess.Popen[bytes]") -> float:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    payloads = [
        json.dumps(
            {"time": now, "device": f"sensor-{i % 20}", "metric": "temperature_c", "value": 21.5, "seq": i}
        ).encode()
        for i in range(rows)
    ]
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.max_inflight_messages_set(2000)
    client.connect(broker.host, broker.port)
    client.loop_start()
    with psycopg.connect(url, autocommit=True) as connection:

        def count() -> int:
            if peer.poll() is not None:
                raise RuntimeError(f"mq-bridge ended with {peer.returncode}")
            row = connection.execute("SELECT count(*) FROM peer_readings").fetchone()
            return int(row[0]) if row else 0

        def probed() -> bool:
            client.publish("peer/readings", payloads[0], qos=1)
            time.sleep(0.2)
            return count() > 0

        wait_for(probed, timeout_s=20, what="mq-bridge stores a message")
        time.sleep(1)
        before = count()
        started = time.perf_counter()
        for payload in payloads:
            client.publish("peer/readings", payload, qos=1)
        wait_for(lambda: count() >= before + rows, timeout_s=120, every_s=0.1, what="mq-bridge stored all")
        seconds = time.perf_counter() - started
    client.disconnect()
    client.loop_stop()
    return rows / seconds


def say(text: str) -> None:
    """Progress for the person who waits."""
    print(text, file=sys.stderr, flush=True)
