"""The uplink: takes envelopes from the outbox, publishes them, and lets go of them when the server has them.

One thread owns everything here; other threads only put signals into its inbox. Alarms are looked at after every
signal and before every telemetry envelope, and telemetry is handed to the socket only as fast as the broker
confirms it (`pacing.Window`), so an alarm never waits behind a backlog.
"""

import queue
import random
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from edge.agent.moments import BoxClock
from edge.agent.ports import EvidenceOutbox, Outbox
from edge.agent.uplink.connection import Accepted, Confirmed, LinkError, Lost, Received, Signal
from edge.agent.uplink.link import Link, LinkEvent, LinkState, step
from edge.agent.uplink.pacing import Window, resend_after_ms
from edge.agent.uplink.parts import Connect, Connection, DescribeState, TakeCommand, Timing
from edge.agent.uplink.pictures import Pictures
from redwhistle.contracts.codec import decode_ack, digest, encode
from redwhistle.contracts.commands import Reply
from redwhistle.contracts.envelope import Ack, Envelope, Rejection
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.topics import Leaf
from redwhistle.errors import ContractError, OutboxError
from redwhistle.logs import get_logger


@dataclass(frozen=True, slots=True)
class _Sent:
    """A message that the broker has not confirmed."""

    leaf: Leaf
    at_ms: int
    reply: Reply | None = None


_ALARMS_UNCONFIRMED = 8
_ALARM_ITEMS = 100
_IN_FLIGHT_TELEMETRY = 8
"""Envelopes sent and not acknowledged by the server."""
_DIGESTS = 256
_REPLIES = 200


class Uplink:
    """Also the outbox's `Wake`: call it with a lane from any thread."""

    def __init__(
        self,
        outbox: Outbox,
        connect: Connect,
        clock: BoxClock,
        describe_state: DescribeState,
        take_command: TakeCommand,
        *,
        evidence: EvidenceOutbox | None = None,
        timing: Timing | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._outbox = outbox
        self._connect = connect
        self._clock = clock
        self._describe_state = describe_state
        self._take_command = take_command
        self._timing = timing or Timing()
        self._jitter = jitter
        self._log = get_logger()
        self._inbox: queue.SimpleQueue[tuple[int, Signal] | None] = queue.SimpleQueue()
        self._link = Link()
        self._connection: Connection | None = None
        self._number = 0
        """Of the current connection; signals of earlier ones are stale."""
        self._pictures = None if evidence is None else Pictures(evidence)
        self._window = Window()
        self._unconfirmed: dict[int, _Sent] = {}
        self._sent_envelopes: OrderedDict[str, Envelope] = OrderedDict()
        self._replies: deque[Reply] = deque(maxlen=_REPLIES)
        self._dirty = {Lane.ALARM: True, Lane.TELEMETRY: True}
        self._announce = False
        self._telemetry_due_ms = 0
        self._waiting_since_ms: int | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)

    @property
    def state(self) -> LinkState:
        return self._link.state

    def __call__(self, lane: Lane) -> None:
        if not self._dirty[lane]:
            self._dirty[lane] = True
            self._inbox.put(None)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Publish that the box stops, and end the thread; False when it did not end in time."""
        self._stopping = True
        self._inbox.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def reply(self, reply: Reply) -> None:
        """Publish an answer to a command; kept until the broker has it, the newest 200."""
        self._replies.append(reply)
        self._inbox.put(None)

    def announce(self) -> None:
        """Publish the state again."""
        self._announce = True
        self._inbox.put(None)

    def _run(self) -> None:
        self._move(LinkEvent.START)
        while self._link.state is not LinkState.STOPPED:
            try:
                self._act()
                self._receive(self._wait_s())
            except LinkError as error:
                self._drop(str(error))
            except Exception as error:
                self._log.exception("uplink_failed", why=f"{type(error).__name__}: {error}")
                self._drop("an error in the uplink")
            if self._stopping:
                self._say_farewell()

    def _act(self) -> None:
        """Do what the state asks for now."""
        now_ms = self._clock.mono_ms()
        link = self._link
        if link.state is LinkState.WAITING and now_ms >= (link.until_ms or 0):
            self._move(LinkEvent.DUE)
        if self._link.state is LinkState.CONNECTING:
            if self._connection is None:
                self._open()
            elif now_ms - self._link.since_ms > self._timing.accept_ms:
                self._drop("the broker does not answer")
        elif self._link.state is LinkState.CONNECTED:
            self._send_all(now_ms)

    def _wait_s(self) -> float:
        link = self._link
        if link.state is LinkState.WAITING:
            return max((link.until_ms or 0) - self._clock.mono_ms(), 1) / 1000
        if (
            link.state is LinkState.CONNECTED
            and self._waiting_since_ms is None
            and not self._dirty[Lane.TELEMETRY]
        ):
            return 1.0
        return self._timing.tick_ms / 1000

    def _receive(self, timeout_s: float) -> None:
        """Handle signals until none waits; alarms are looked at after each."""
        try:
            item = self._inbox.get(timeout=timeout_s)
        except queue.Empty:
            return
        while True:
            if item is not None and item[0] == self._number:
                self._handle(item[1])
            if self._link.state is LinkState.CONNECTED and self._dirty[Lane.ALARM]:
                self._send_alarms(self._clock.mono_ms())
            try:
                item = self._inbox.get_nowait()
            except queue.Empty:
                return

    def _handle(self, signal: Signal) -> None:
        match signal:
            case Accepted():
                self._begin()
            case Lost(why):
                self._drop(why)
            case Confirmed(mid, refused):
                self._confirm(mid, refused)
            case Received(Leaf.ACK, payload, False):
                self._acknowledge(payload)
            case Received(Leaf.COMMAND, payload, retained):
                self._take_command(payload, retained)
            case Received(leaf, _, _):
                self._log.warning("message_ignored", leaf=leaf.value, why="retained, or not for a box")

    def _open(self) -> None:
        self._number += 1
        number = self._number
        connection = self._connect(lambda signal: self._inbox.put((number, signal)))
        self._connection = connection
        connection.open(encode(self._describe_state(False, "will")))

    def _begin(self) -> None:
        """A new connection: everything unacknowledged is due, alarms first; then the state."""
        self._move(LinkEvent.ACCEPTED)
        self._log.info("uplink_connected")
        self._outbox.resend_all()
        if self._pictures is not None:
            self._pictures.begin()
        self._window = Window()
        self._unconfirmed.clear()
        self._waiting_since_ms = None
        self._telemetry_due_ms = 0
        self._dirty = {Lane.ALARM: True, Lane.TELEMETRY: True}
        self._announce = True

    def _drop(self, why: str) -> None:
        """Close the connection and wait for the next attempt."""
        before = self._link.state
        connection, self._connection = self._connection, None
        self._number += 1
        for sent in self._unconfirmed.values():
            if sent.reply is not None:
                self._replies.appendleft(sent.reply)
        self._unconfirmed.clear()
        self._move(LinkEvent.LOST if before is LinkState.CONNECTED else LinkEvent.FAILED)
        wait_ms = (self._link.until_ms or 0) - self._link.since_ms
        self._log.warning(
            "uplink_lost", why=why, state=before.value, attempt=self._link.attempt, wait_ms=wait_ms
        )
        if connection is not None:  # apart: on a dead network it may take until the keep-alive runs out
            threading.Thread(target=connection.close, name="uplink-close", daemon=True).start()

    def _move(self, event: LinkEvent) -> None:
        self._link = step(self._link, event, self._clock.mono_ms(), self._jitter())

    def _send_all(self, now_ms: int) -> None:
        self._send_alarms(now_ms)
        while self._replies:
            reply = self._replies[0]
            self._publish(Leaf.REPLY, encode(reply), reply=reply)
            self._replies.popleft()
        if self._announce:
            self._announce = False
            self._publish(Leaf.STATE, encode(self._describe_state(True, None)), retain=True)
        self._send_telemetry(now_ms)
        self._send_picture(now_ms)
        since = self._waiting_since_ms
        if since is not None and now_ms - since > self._timing.silent_ms:
            self._drop(f"the server acknowledged nothing for {(now_ms - since) // 1000} s")

    def _send_alarms(self, now_ms: int) -> None:
        if not self._dirty[Lane.ALARM] and not self._outbox.pending(Lane.ALARM):
            return
        while self._count_unconfirmed(Leaf.ALARM) < _ALARMS_UNCONFIRMED:
            self._dirty[Lane.ALARM] = False
            if not self._take_and_publish(Lane.ALARM, _ALARM_ITEMS, now_ms):
                return

    def _send_telemetry(self, now_ms: int) -> None:
        lane = Lane.TELEMETRY
        if now_ms < self._telemetry_due_ms:
            return
        if not self._dirty[lane] and not self._outbox.pending(lane):
            return
        while (
            self._link.state is LinkState.CONNECTED
            and self._count_unconfirmed(Leaf.TELEMETRY) < self._window.unconfirmed
            and self._count_awaited(lane, now_ms) < _IN_FLIGHT_TELEMETRY
        ):
            self._dirty[lane] = False
            items = self._window.items
            if self._take_and_publish(lane, items, now_ms) < items:
                self._telemetry_due_ms = now_ms + self._timing.telemetry_ms
                return
            self._dirty[lane] = True  # as many as were asked for: there may be more
            if self._dirty[Lane.ALARM]:
                self._send_alarms(now_ms)

    def _send_picture(self, now_ms: int) -> None:
        if self._pictures is None or self._count_unconfirmed(Leaf.EVIDENCE):
            return
        alarms_wait = self._dirty[Lane.ALARM] or self._outbox.pending(Lane.ALARM) > 0
        busy = self._count_unconfirmed(Leaf.TELEMETRY) > 0
        payload = self._pictures.next(now_ms, alarms_wait=alarms_wait, line_is_busy=busy)
        if payload is not None:
            self._publish(Leaf.EVIDENCE, payload)

    def _take_and_publish(self, lane: Lane, limit: int, now_ms: int) -> int:
        """Take up to `limit` items and publish them; return how many there were."""
        resend_ms = self._resend_after_ms(lane, now_ms)
        try:
            envelopes = self._outbox.take(lane, limit=limit, now_mono_ms=now_ms, resend_after_ms=resend_ms)
        except OutboxError as error:
            self._log.error("outbox_unreadable", lane=lane.value, why=str(error))
            return 0
        for envelope in envelopes:
            self._publish_envelope(envelope)
        if envelopes and lane is Lane.ALARM and self._pictures is not None:
            self._pictures.note_alarm(now_ms)
        if envelopes and self._waiting_since_ms is None:
            self._waiting_since_ms = now_ms
        return sum(_count_items(envelope) for envelope in envelopes)

    def _count_awaited(self, lane: Lane, now_ms: int) -> int:
        """Envelopes whose acknowledgement may still come; those that are due again hold up nothing, least themselves."""
        return self._outbox.in_flight(lane, sent_after_mono_ms=now_ms - self._resend_after_ms(lane, now_ms))

    def _resend_after_ms(self, lane: Lane, now_ms: int) -> int:
        silent_ms = 0 if self._waiting_since_ms is None else now_ms - self._waiting_since_ms
        return resend_after_ms(lane, silent_ms)

    def _publish_envelope(self, envelope: Envelope) -> None:
        try:
            payload = encode(envelope)
        except ContractError as error:
            self._reject(envelope, Rejection(sha256="0" * 64, code=error.code, detail=error.detail[:1000]))
            return
        self._sent_envelopes[digest(payload)] = envelope
        while len(self._sent_envelopes) > _DIGESTS:
            self._sent_envelopes.popitem(last=False)
        self._publish(Leaf(envelope.lane.value), payload)

    def _publish(
        self, leaf: Leaf, payload: bytes, *, retain: bool = False, reply: Reply | None = None
    ) -> None:
        if self._connection is None:
            raise LinkError("there is no connection")
        mid = self._connection.publish(leaf, payload, retain=retain)
        self._unconfirmed[mid] = _Sent(leaf, self._clock.mono_ms(), reply)

    def _count_unconfirmed(self, leaf: Leaf) -> int:
        return sum(sent.leaf is leaf for sent in self._unconfirmed.values())

    def _confirm(self, mid: int, refused: str | None) -> None:
        sent = self._unconfirmed.pop(mid, None)
        if sent is None:
            return
        if refused is not None:
            self._log.error(
                "broker_refuses", leaf=sent.leaf.value, why=refused, note="check the box's access rules"
            )
        elif sent.leaf is Leaf.TELEMETRY:
            self._window = self._window.confirmed(self._clock.mono_ms() - sent.at_ms)

    def _acknowledge(self, payload: bytes) -> None:
        try:
            ack = decode_ack(payload)
        except ContractError as error:
            self._log.error("ack_unreadable", code=error.code, why=error.detail)
            return
        try:
            self._outbox.acknowledge(ack)
        except OutboxError as error:
            self._log.error("ack_not_kept", why=str(error))
        if self._pictures is not None:
            self._pictures.acknowledge(ack)
        for rejection in ack.rejected:
            if self._pictures is None or not self._pictures.reject(rejection):
                self._handle_rejection(ack, rejection)
        under_way = any(self._outbox.in_flight(lane) for lane in Lane)
        self._waiting_since_ms = self._clock.mono_ms() if under_way else None

    def _handle_rejection(self, ack: Ack, rejection: Rejection) -> None:
        envelope = self._sent_envelopes.pop(rejection.sha256, None)
        known = envelope is not None
        self._log.error(
            "envelope_rejected", lane=ack.lane.value, code=rejection.code, why=rejection.detail, known=known
        )
        if envelope is None or rejection.code == "wrong_version":
            return  # no item's fault: it is sent again until the server reads it
        self._reject(envelope, rejection)
        self._telemetry_due_ms = 0  # the halves need not wait for their second

    def _reject(self, envelope: Envelope, rejection: Rejection) -> None:
        try:
            self._outbox.reject(envelope, rejection)
        except OutboxError as error:
            self._log.error("rejection_not_kept", why=str(error))

    def _say_farewell(self) -> None:
        """Publish that the box stops, wait for the broker to have it, and close."""
        if self._link.state is LinkState.CONNECTED and self._connection is not None:
            try:
                self._publish(Leaf.STATE, encode(self._describe_state(False, "stopped")), retain=True)
                end_ms = self._clock.mono_ms() + self._timing.farewell_ms
                while self._count_unconfirmed(Leaf.STATE) and self._clock.mono_ms() < end_ms:
                    item = self._inbox.get(timeout=self._timing.farewell_ms / 1000)
                    if item is not None and isinstance(item[1], Confirmed):
                        self._confirm(item[1].mid, item[1].refused)
            except (LinkError, queue.Empty) as error:
                self._log.warning("farewell_failed", why=str(error) or "the broker did not confirm it")
        self._move(LinkEvent.STOP)
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _count_items(envelope: Envelope) -> int:
    return len(envelope.events) + len(envelope.gaps) + sum(len(block) for block in envelope.readings)
