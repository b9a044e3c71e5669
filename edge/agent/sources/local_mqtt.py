"""A subscription at the box's local broker as a source: one thread, messages and time handed to an interpreter.

MQTT 3.1.1 with a session that the broker keeps: what is published with QoS 1 while the agent restarts is delivered
afterwards. A message is acknowledged only when everything that follows from it is in the sink.
"""

import random
import threading
from collections.abc import Callable, Iterable
from typing import Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.agent.local_broker import LocalBrokerSettings
from edge.agent.observation import EventSeen, Moment, Observation
from edge.agent.policy import link
from edge.agent.policy.latch import Turn
from edge.agent.policy.link import LinkLimits, LinkPhase, LinkState
from edge.agent.ports import Sink
from edge.agent.sources.handover import Handover
from redwhistle.contracts.events import DeviceData, EventKind
from redwhistle.errors import SourceError
from redwhistle.logs import get_logger

BROKER_UNREACHABLE = "broker_unreachable"
MESSAGE_FAILED = "message_failed"
_LOOP_S = 0.5
_TICK_MS = 400
_CONNECT_S = 5.0
_TRIP_EVERY_MS = 60_000

_log = get_logger()


class Interpreter(Protocol):
    """Makes observations of messages; raises nothing, whatever the bytes. Used from one thread."""

    device: str
    """Under which the source's own faults are reported."""
    topics: tuple[str, ...]
    """Filters to subscribe to."""

    def hear(self, topic: str, payload: bytes, retained: bool, moment: Moment) -> Iterable[Observation]:
        """Take one message. `retained`: the broker had kept it from before we subscribed."""

    def tick(self, moment: Moment) -> Iterable[Observation]:
        """Let time pass; called about twice a second."""


class LocalMqttSource:
    """Implements `edge.agent.ports.Source` for one interpreter."""

    def __init__(
        self, name: str, broker: LocalBrokerSettings, interpreter: Interpreter, moment: Callable[[], Moment]
    ) -> None:
        self.name = name
        self._broker = broker
        self._interpreter = interpreter
        self._moment = moment
        self._limits = LinkLimits(fault_s=broker.fault_s)
        self._log = _log.bind(source=name, broker=f"{broker.host}:{broker.port}")
        self._accepted = threading.Event()
        self._refused: str | None = None
        self._trip_told_ms: int | None = None
        self._handover = Handover()
        self._faulty = False
        self._ticked_ms: int | None = None

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Listen until `stop` is set. Raises SourceError when the broker refuses the subscriptions."""
        self._refused = None
        client = self._make_client(sink)
        state = link.begin(self._moment().mono_ms, faulty=self._faulty)
        try:
            self._handover.give(sink)
            while not stop.is_set():
                state = self._turn(client, state, sink, stop)
        finally:
            client.disconnect()

    def _turn(self, client: mqtt.Client, state: LinkState, sink: Sink, stop: threading.Event) -> LinkState:
        moment = self._moment()
        # Not after each message: with hundreds of detectors that takes longer than the message itself.
        if self._ticked_ms is None or not 0 <= moment.mono_ms - self._ticked_ms < _TICK_MS:
            self._ticked_ms = moment.mono_ms
            self._handover.give(sink, self._interpreter.tick(moment))
        state, turn = link.tick(self._limits, state, moment.mono_ms)
        self._faulty = state.faulty
        if turn is Turn.RAISED:
            self._log.error("local_broker_unreachable")
            self._handover.give(sink, (self._fault(True, moment),))
        if state.phase is LinkPhase.WAITING:
            if not link.is_due(state, moment.mono_ms):
                stop.wait(_LOOP_S)
                return state
            return self._connect(client, state)
        lost = client.loop(_LOOP_S) != MQTTErrorCode.MQTT_ERR_SUCCESS
        if self._refused is not None:
            raise SourceError(f"{self.name}: {self._refused}")
        moment = self._moment()
        if lost or link.has_no_answer(self._limits, state, moment.mono_ms):
            return self._fail(
                state, moment, "the connection was lost" if lost else "the broker does not answer"
            )
        if state.phase is LinkPhase.CONNECTING and self._accepted.is_set():
            self._log.info("local_broker_connected")
            state, turn = link.connected(state, moment.mono_ms)
            self._faulty = state.faulty
            if turn is Turn.ENDED:
                self._handover.give(sink, (self._fault(False, moment),))
        return state

    def _connect(self, client: mqtt.Client, state: LinkState) -> LinkState:
        self._accepted.clear()
        state = link.connecting(state, self._moment().mono_ms)
        try:
            client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
        except (OSError, ValueError) as error:
            return self._fail(state, self._moment(), str(error))
        return state

    def _fail(self, state: LinkState, moment: Moment, reason: str) -> LinkState:
        state = link.failed(self._limits, state, moment.mono_ms, random.random())
        self._log.warning("local_broker_down", reason=reason, failures=state.failures)
        return state

    def _make_client(self, sink: Sink) -> mqtt.Client:
        broker = self._broker
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id or f"redwhistle-{self.name.replace(':', '-')}",
            clean_session=False,
            protocol=mqtt.MQTTv311,
            manual_ack=True,
        )
        client.connect_timeout = _CONNECT_S
        if broker.username is not None:
            client.username_pw_set(broker.username, self._read_password())
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe

        def on_message(_: mqtt.Client, __: object, message: mqtt.MQTTMessage) -> None:
            self._take(message, sink)
            client.ack(message.mid, message.qos)

        client.on_message = on_message
        return client

    def _read_password(self) -> str | None:
        path = self._broker.password_file
        if path is None:
            return None
        try:
            return path.read_text(encoding="utf-8").partition("\n")[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"{path}: the local broker's password cannot be read: {error}") from error

    def _take(self, message: mqtt.MQTTMessage, sink: Sink) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            self._log.warning("local_broker_topic_not_utf8")
            return
        moment = self._moment()
        try:
            said = list(self._interpreter.hear(topic, bytes(message.payload), bool(message.retain), moment))
        except Exception as error:  # a message that our own code trips over must not come back for ever
            said = self._trip(error, moment)
        self._handover.give(sink, said)

    def _trip(self, error: Exception, moment: Moment) -> list[Observation]:
        """Say, once a minute at most, that a message was lost to a fault of ours; nothing of the message itself."""
        self._log.error("local_broker_message_failed", error=type(error).__name__)
        told_ms = self._trip_told_ms
        if told_ms is not None and moment.mono_ms - told_ms < _TRIP_EVERY_MS:
            return []
        self._trip_told_ms = moment.mono_ms
        note = f"消息处理出错 / a message could not be handled ({type(error).__name__}): report this fault"
        data = DeviceData(code=MESSAGE_FAILED, note=note)
        return [EventSeen(self._interpreter.device, EventKind.DEVICE_FAULT, data, moment)]

    def _on_connect(
        self, client: mqtt.Client, _: object, __: mqtt.ConnectFlags, code: ReasonCode, ___: Properties | None
    ) -> None:
        if code.is_failure:
            self._refused = (
                f"the local broker refuses the connection ({code}): check username and password_file"
            )
            return
        client.subscribe([(topic, 1) for topic in self._interpreter.topics])

    def _on_subscribe(
        self, _: mqtt.Client, __: object, ___: int, codes: list[ReasonCode], ____: Properties | None
    ) -> None:
        if any(code.is_failure for code in codes):
            topics = ", ".join(self._interpreter.topics)
            self._refused = (
                f"the local broker refuses the subscription to {topics}: allow it in its access list"
            )
            return
        self._accepted.set()

    def _fault(self, active: bool, moment: Moment) -> EventSeen:
        where = f"{self._broker.host}:{self._broker.port}"
        note = (
            f"本地消息服务不可达 / local broker {where} cannot be reached; check that it runs"
            if active
            else None
        )
        data = DeviceData(active=active, code=BROKER_UNREACHABLE, note=note)
        return EventSeen(
            device=self._interpreter.device, kind=EventKind.DEVICE_FAULT, data=data, moment=moment
        )
