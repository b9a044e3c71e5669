"""Sockets of the receiving centre: TCP and UDP in one thread, each peer's failures its own.

A frame is confirmed only when all that follows from it is in the sink, so that a transmitter sends again what the box
could not keep. Nothing here waits for one peer: what does not take its replies is cut off.
"""

import selectors
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from edge.agent.gbt26875.frame import Damaged, Frame, encode_frame
from edge.agent.gbt26875.stream import StreamDecoder
from edge.agent.observation import EventSeen, Moment, Observation
from edge.agent.policy.rules import passed_s
from edge.agent.policy.transmitter import Outcome
from edge.agent.ports import Sink
from edge.agent.sources.gbt26875_settings import Gbt26875Settings
from edge.agent.sources.gbt26875_sockets import Peer, Sockets
from redwhistle.logs import get_logger

TOO_MANY = "too_many_connections"
_LOOP_S = 0.25
_DATAGRAMS_A_TURN = 64
_GARBAGE_BYTES = 64 * 1024

_log = get_logger()


class Listener(Protocol):
    """What makes sense of frames; owned here, implemented by `sources.gbt26875.Centre`."""

    def hear(self, item: Frame | Damaged, moment: Moment) -> Outcome:
        """Take what stood in a stream."""

    def garbage(self, moment: Moment) -> list[EventSeen]:
        """Take note of bytes that were no frame."""

    def tick(self, moment: Moment, linked: Iterable[int]) -> dict[int, Outcome]:
        """Let time pass at every transmitter; what it says and sends, by address."""

    def fault(self, code: str, active: bool, moment: Moment, note: str | None = None) -> EventSeen:
        """A fault of the receiving itself."""


class Gbt26875Source:
    """Implements `edge.agent.ports.Source`."""

    def __init__(self, settings: Gbt26875Settings, centre: Listener, moment: Callable[[], Moment]) -> None:
        self.name = settings.name
        self.ports: tuple[int | None, int | None] = (None, None)
        """TCP and UDP port in use, once `listening` is set."""
        self.listening = threading.Event()
        self._settings = settings
        self._centre = centre
        self._moment = moment
        self._unsaid: deque[Observation] = deque()
        self._log = _log.bind(source=settings.name)
        self._crowded = False
        self._ticked_ms: int | None = None

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Receive until `stop` is set. Raises SourceError when an address cannot be used."""
        self._keep(sink, ())
        with Sockets(self._settings) as sockets:
            self.ports = sockets.ports
            self.listening.set()
            self._log.info("gbt26875_listening", tcp_port=self.ports[0], udp_port=self.ports[1])
            try:
                while not stop.is_set():
                    self._turn(sockets, sink)
            finally:
                self.listening.clear()

    def _turn(self, sockets: Sockets, sink: Sink) -> None:
        for key, mask in sockets.ready(_LOOP_S):
            match key.data:
                case Peer() as peer:
                    if mask & selectors.EVENT_WRITE:
                        sockets.flush(peer)
                    if mask & selectors.EVENT_READ and peer.open:
                        self._read(sockets, peer, sink)
                case "tcp":
                    self._accept(sockets, sink)
                case _:
                    self._read_datagrams(sockets, sink)
        moment = self._moment()
        if self._ticked_ms is not None and passed_s(self._ticked_ms, moment.mono_ms) < _LOOP_S:
            return
        self._ticked_ms = moment.mono_ms
        for peer in sockets.peers():
            self._look_after(sockets, peer, moment, sink)
        for address, out in self._centre.tick(moment, sockets.linked()).items():
            self._keep(sink, out.said)
            for frame in out.frames:
                sockets.send_to(address, encode_frame(frame))

    def _accept(self, sockets: Sockets, sink: Sink) -> None:
        moment = self._moment()
        crowded = not sockets.accept(moment.mono_ms)
        if crowded and not self._crowded:
            note = "连接数已满 / too many connections: raise max_connections, or find out who else connects"
            self._keep(sink, (self._centre.fault(TOO_MANY, True, moment, note),))
            self._crowded = True
        elif self._crowded and not crowded:
            self._keep(sink, (self._centre.fault(TOO_MANY, False, moment),))
            self._crowded = False

    def _read(self, sockets: Sockets, peer: Peer, sink: Sink) -> None:
        data = sockets.read(peer)
        if not data:
            return
        peer.read_ms = self._moment().mono_ms
        self._take(sockets, peer, peer.decoder.feed(data), sink)
        if peer.decoder.skipped_bytes > _GARBAGE_BYTES:
            self._keep(sink, self._centre.garbage(self._moment()))
            sockets.close(peer, "it speaks no GB/T 26875.3")

    def _look_after(self, sockets: Sockets, peer: Peer, moment: Moment, sink: Sink) -> None:
        if peer.decoder.held_bytes and passed_s(peer.read_ms, moment.mono_ms) >= self._settings.quiet_s:
            self._take(sockets, peer, peer.decoder.rescue(), sink)
        if passed_s(peer.framed_ms, moment.mono_ms) >= self._settings.idle_close_s:
            sockets.close(peer, "no frame for too long")

    def _take(self, sockets: Sockets, peer: Peer, items: Iterable[Frame | Damaged], sink: Sink) -> None:
        for item in items:
            moment = self._moment()
            if isinstance(item, Frame):
                peer.framed_ms = moment.mono_ms
                sockets.remember(item.source, peer)
            out = self._centre.hear(item, moment)
            self._keep(sink, out.said)
            for frame in out.frames:
                sockets.send(peer, encode_frame(frame))

    def _read_datagrams(self, sockets: Sockets, sink: Sink) -> None:
        for data, sender in sockets.datagrams(_DATAGRAMS_A_TURN):
            decoder = StreamDecoder()
            items = [*decoder.feed(data), *decoder.rescue()]
            if not items:
                self._keep(sink, self._centre.garbage(self._moment()))
            for item in items:
                if isinstance(item, Frame):
                    sockets.remember(item.source, sender)
                out = self._centre.hear(item, self._moment())
                self._keep(sink, out.said)
                for frame in out.frames:
                    sockets.send_datagram(sender, encode_frame(frame))

    def _keep(self, sink: Sink, said: Iterable[Observation]) -> None:
        """Hand over in order; what the sink refuses stays first in line for the next run."""
        self._unsaid.extend(said)
        while self._unsaid:
            observation = self._unsaid[0]
            if isinstance(observation, EventSeen):
                sink.event(observation)
            else:
                sink.reading(observation)
            self._unsaid.popleft()
