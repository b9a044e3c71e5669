"""One `redwhistle ingest` process as an operator would start it, subscribed when the block begins."""

import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from bench.servers.installed import CHECKOUT
from bench.servers.mosquitto import Mosquitto
from bench.servers.waiting import wait_for
from redwhistle.contracts import codec, topics
from redwhistle.contracts.envelope import Envelope, Stamp
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.topics import Leaf

_LEAVES = {Lane.ALARM: Leaf.ALARM, Lane.TELEMETRY: Leaf.TELEMETRY}
_STOP_WITHIN_S = 20.0


@contextmanager
def running_ingest(
    url: str, broker: Mosquitto, site: str, *, log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start it against `url` and `broker`; both lanes are subscribed when this yields. Its log goes to `log`.

    `site` is a compound in the database: the probes come from a box there. Raises TimeoutError when it does not come up.
    """
    words = [
        sys.executable, "-c", "from redwhistle.cli import main; main()", "ingest", "--database-url", url,
        "--mqtt-host", broker.host, "--mqtt-port", str(broker.port), "--log-json",
    ]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(words, cwd=CHECKOUT, stdout=out, stderr=out)
    try:
        wait_for(
            lambda: _subscribed(process, broker, site, log),
            timeout_s=30,
            what="ingest has subscribed",
            every_s=0.1,
        )
        yield process
        process.terminate()
        process.wait(_STOP_WITHIN_S)
    finally:
        process.kill()
        process.wait()


def _subscribed(process: "subprocess.Popen[bytes]", broker: Mosquitto, site: str, log: Path) -> bool:
    """Whether an envelope without items finds a subscriber on both lanes (MQTT 5 reason 16: it found none)."""
    if process.poll() is not None:
        tail = "\n".join(log.read_text("utf-8", "replace").splitlines()[-20:])
        raise RuntimeError(f"ingest ended with {process.returncode}; the end of its log:\n{tail}")
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    reasons: dict[int, int] = {}
    answered = threading.Event()

    def on_publish(_c: object, _u: object, mid: int, reason: ReasonCode, _p: object) -> None:
        reasons[mid] = reason.value
        if len(reasons) == len(_LEAVES):
            answered.set()

    client.on_publish = on_publish
    client.connect(broker.host, broker.port)
    client.loop_start()
    for lane, leaf in _LEAVES.items():
        client.publish(topics.build(site, "probe", leaf), _probe(site, lane), qos=1)
    answered.wait(2)
    client.disconnect()
    client.loop_stop()
    return len(reasons) == len(_LEAVES) and not any(reasons.values())


def _probe(site: str, lane: Lane) -> bytes:
    stamp = Stamp(at_ms=time.time_ns() // 1_000_000, mono_ms=1, boot=secrets.token_hex(16), synced=True)
    return codec.encode(Envelope(site=site, box="probe", epoch=secrets.token_hex(16), lane=lane, sent=stamp))
