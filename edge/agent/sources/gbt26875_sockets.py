"""The sockets of the receiving centre and what is waiting in them. Nothing here blocks but `ready`.

A peer's errors close that peer and go no further; only a listening address that cannot be used is raised.
"""

import selectors
import socket
from collections import OrderedDict
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any, Self

from edge.agent.gbt26875.stream import StreamDecoder
from edge.agent.policy.rules import passed_s
from edge.agent.sources.gbt26875_settings import Gbt26875Settings
from redwhistle.errors import SourceError
from redwhistle.logs import get_logger

READ_BYTES = 4096
KERNEL_BYTES = 64 * 1024
"""In each direction of a connection: what a peer can make the kernel hold."""
UNSENT_BYTES = 64 * 1024
"""Replies that a peer does not take: more than this, and it is cut off."""
EVICT_S = 30.0
"""With all connections in use, one without a frame for so long makes room for a new one."""
_WAYS_KEPT = 512
_REFUSED_KEPT = 256

Sender = tuple[Any, ...]
"""A datagram's address, as the socket module has it."""

_log = get_logger()


class Peer:
    """One TCP connection. Times in monotonic milliseconds."""

    def __init__(self, connection: socket.socket, name: str, now_ms: int) -> None:
        self.connection = connection
        self.name = name
        self.decoder = StreamDecoder()
        self.unsent = bytearray()
        self.read_ms = now_ms
        self.framed_ms = now_ms
        """When it last sent a whole frame, or connected."""
        self.open = True


class Sockets:
    """A context manager: listens while it is entered. Used from one thread."""

    def __init__(self, settings: Gbt26875Settings) -> None:
        self._settings = settings
        self._selector = selectors.DefaultSelector()
        self._peers: dict[int, Peer] = {}
        self._ways: OrderedDict[int, Peer | Sender] = OrderedDict()
        self._refused: set[str] = set()
        self._tcp: socket.socket | None = None
        self._udp: socket.socket | None = None
        self._log = _log.bind(source=settings.name)

    def __enter__(self) -> Self:
        """Listen; raise SourceError with what to do when that fails."""
        try:
            if self._settings.tcp_port is not None:
                self._tcp = self._open(socket.SOCK_STREAM, self._settings.tcp_port)
                self._selector.register(self._tcp, selectors.EVENT_READ, "tcp")
            if self._settings.udp_port is not None:
                self._udp = self._open(socket.SOCK_DGRAM, self._settings.udp_port)
                self._selector.register(self._udp, selectors.EVENT_READ, "udp")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for peer in self.peers():
            self.close(peer, "the box stops listening")
        for opened in (self._tcp, self._udp):
            if opened is not None:
                opened.close()
        self._selector.close()

    @property
    def ports(self) -> tuple[int | None, int | None]:
        """TCP and UDP port in use."""
        tcp, udp = (None if s is None else int(s.getsockname()[1]) for s in (self._tcp, self._udp))
        return tcp, udp

    def ready(self, timeout_s: float) -> list[tuple[selectors.SelectorKey, int]]:
        """What can be read or written; `key.data` is a Peer, "tcp" (a new connection) or "udp"."""
        return self._selector.select(timeout_s)

    def peers(self) -> list[Peer]:
        """Open connections."""
        return list(self._peers.values())

    def linked(self) -> list[int]:
        """Addresses of transmitters that something can be sent to."""
        return list(self._ways)

    def remember(self, address: int, way: Peer | Sender) -> None:
        """The transmitter of this address was last heard from there."""
        self._ways[address] = way
        self._ways.move_to_end(address)
        if len(self._ways) > _WAYS_KEPT:
            self._ways.popitem(last=False)

    def accept(self, now_ms: int) -> bool:
        """Take a new connection; False when there was no room for it."""
        if self._tcp is None:
            return True
        try:
            connection, sender = self._tcp.accept()
        except OSError as error:  # gone again, or no file descriptor left
            self._log.warning("gbt26875_accept_failed", why=str(error))
            return True
        if not self._is_allowed(sender) or not self._make_room(now_ms):
            connection.close()
            return len(self._peers) < self._settings.max_connections
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BYTES)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        peer = Peer(connection, f"{sender[0]}:{sender[1]}", now_ms)
        self._peers[id(peer)] = peer
        self._selector.register(connection, selectors.EVENT_READ, peer)
        self._log.info("gbt26875_connected", peer=peer.name)
        return True

    def read(self, peer: Peer) -> bytes:
        """What has arrived; empty when nothing has, and then the peer may be closed."""
        try:
            data = peer.connection.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError as error:
            self.close(peer, str(error))
            return b""
        if not data:
            self.close(peer, "it closed the connection")
        return data

    def send(self, peer: Peer, data: bytes) -> None:
        """Send now what the peer takes, the rest later; cut off one that takes nothing."""
        if not peer.open:
            return
        peer.unsent += data
        self.flush(peer)
        if len(peer.unsent) > UNSENT_BYTES:
            self.close(peer, "it does not take its replies")

    def flush(self, peer: Peer) -> None:
        """Send on what is waiting."""
        try:
            sent = peer.connection.send(peer.unsent)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self.close(peer, str(error))
            return
        del peer.unsent[:sent]
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.unsent else 0)
        self._selector.modify(peer.connection, events, peer)

    def close(self, peer: Peer, why: str) -> None:
        """End a connection, and what was remembered of it."""
        if not peer.open:
            return
        peer.open = False
        self._selector.unregister(peer.connection)
        peer.connection.close()
        del self._peers[id(peer)]
        for address in [address for address, way in self._ways.items() if way is peer]:
            del self._ways[address]
        self._log.info("gbt26875_disconnected", peer=peer.name, why=why)

    def datagrams(self, most: int) -> Iterator[tuple[bytes, Sender]]:
        """At most so many datagrams that have arrived, from those who may send."""
        udp = self._udp
        if udp is None:
            return
        for _ in range(most):
            try:
                data, sender = udp.recvfrom(65535)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # an ICMP error of an earlier reply; it says nothing about the next datagram
                continue
            if self._is_allowed(sender):
                yield data, sender

    def send_datagram(self, sender: Sender, data: bytes) -> None:
        """Send a reply; one that cannot be sent is lost, as datagrams are."""
        if self._udp is None:
            return
        try:
            self._udp.sendto(data, sender)
        except OSError as error:
            self._log.warning("gbt26875_reply_lost", why=str(error))

    def send_to(self, address: int, data: bytes) -> None:
        """Send to a transmitter on the way from which it was last heard, if there is one."""
        way = self._ways.get(address)
        if isinstance(way, Peer):
            self.send(way, data)
        elif way is not None:
            self.send_datagram(way, data)

    def _open(self, kind: socket.SocketKind, port: int) -> socket.socket:
        where = str(self._settings.listen)
        family = socket.AF_INET6 if self._settings.listen.version == 6 else socket.AF_INET
        opened = socket.socket(family, kind)
        try:
            if kind is socket.SOCK_STREAM:
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.setblocking(False)
            opened.bind((where, port))
            if kind is socket.SOCK_STREAM:
                opened.listen(16)
        except OSError as error:
            opened.close()
            raise SourceError(
                f"{self._settings.name}: cannot listen on {where} port {port}: {error.strerror or error}; "
                "`listen` must be an address of this box, and the port free (below 1024 needs a privilege)"
            ) from error
        return opened

    def _is_allowed(self, sender: Sender) -> bool:
        if not self._settings.allow:
            return True
        host = str(sender[0]).partition("%")[0]
        address = ip_address(host)
        if any(address in network for network in self._settings.allow):
            return True
        if host not in self._refused and len(self._refused) < _REFUSED_KEPT:
            self._refused.add(host)
            self._log.warning("gbt26875_refused", peer=host, why="it is in no network of `allow`")
        return False

    def _make_room(self, now_ms: int) -> bool:
        if len(self._peers) < self._settings.max_connections:
            return True
        oldest = min(self._peers.values(), key=lambda peer: peer.framed_ms)
        if passed_s(oldest.framed_ms, now_ms) < EVICT_S:
            return False
        self.close(oldest, "it was silent and another one needs its place")
        return True
