"""Stands in for the sensors: publishes what the story says at each compound's local broker, as real ones would."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from redwhistle.errors import Unavailable
from server.demo import story
from server.demo.story import Beat
from server.embedded.ports import LOOPBACK

_CONNECT_S = 5.0
_KNOCK_EVERY_S = 1.0
_KEPT = 64


class Feeder:
    """`ports`: of each site's local broker. `told` hears each message of the story; calm messages go untold."""

    def __init__(self, ports: Mapping[str, int], told: Callable[[Beat], None]) -> None:
        self._ports = ports
        self._told = told
        self._clients: dict[str, mqtt.Client] = {}
        self._published: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._lock = threading.Lock()
        self._begin = threading.Event()

    def begin(self) -> None:
        """Let the story begin; until then only calm messages go out, one a second."""
        self._begin.set()

    def published_s(self, box: str, device: str, before_s: float) -> float | None:
        """When (Unix time) this device last said that something is wrong, at `before_s` or earlier."""
        with self._lock:
            return max((at_s for at_s in self._published[box, device] if at_s <= before_s), default=None)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Connected and publishing while the block runs. Raises Unavailable when a local broker cannot be reached."""
        stop = threading.Event()
        with ExitStack() as stack:
            for site, port in self._ports.items():
                self._clients[site] = stack.enter_context(_connected(f"demo-sensors-{site}", port))
            thread = threading.Thread(target=self._run, args=(stop,), name="feeder")
            thread.start()
            try:
                yield
            finally:
                stop.set()
                thread.join()

    def _run(self, stop: threading.Event) -> None:
        while not self._begin.is_set() and not stop.is_set():
            self._play(story.calm(), stop)
            stop.wait(_KNOCK_EVERY_S)
        self._play(story.opening(), stop)
        began_s, number = time.monotonic(), 0
        while not stop.is_set():
            self._play(story.calm(), stop)
            if time.monotonic() - began_s >= (number + 1) * story.SCENE_EVERY_S:
                self._play(story.scene(number), stop)
                number += 1
            next_s = min(story.CALM_EVERY_S, began_s + (number + 1) * story.SCENE_EVERY_S - time.monotonic())
            stop.wait(max(next_s, 0.0))

    def _play(self, beats: Sequence[Beat], stop: threading.Event) -> None:
        began_s = time.monotonic()
        for beat in beats:
            if stop.wait(max(began_s + beat.after_s - time.monotonic(), 0.0)):
                return
            self._publish(beat)

    def _publish(self, beat: Beat) -> None:
        payload = json.dumps(beat.payload, ensure_ascii=False).encode()
        if beat.alarming:
            with self._lock:
                times = self._published[beat.compound.box, beat.device.id]
                times.append(time.time())
                del times[:-_KEPT]
        self._clients[beat.compound.site].publish(beat.device.topic, payload, qos=1)
        if beat.alarming or "card" in beat.payload:
            self._told(beat)


@contextmanager
def _connected(name: str, port: int) -> Iterator[mqtt.Client]:
    """A client of MQTT 3.1.1, as Zigbee2MQTT is one."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv311)
    accepted = threading.Event()
    client.on_connect = lambda *_: accepted.set()
    client.connect_timeout = _CONNECT_S
    try:
        client.connect(LOOPBACK, port, keepalive=20)
    except OSError as error:
        raise Unavailable(
            f"the local broker at {LOOPBACK}:{port} cannot be reached: {error}. Try again."
        ) from error
    client.loop_start()
    try:
        if not accepted.wait(_CONNECT_S):
            raise Unavailable(f"the local broker at {LOOPBACK}:{port} does not answer. Try again.")
        yield client
    finally:
        client.disconnect()
        client.loop_stop()
