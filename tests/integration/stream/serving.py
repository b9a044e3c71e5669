"""A web server with the live stream of a database, and clients that read it over bare sockets."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bench.servers.waiting import wait_for
from bench.sse import ChunkReader, Event, EventReader
from redwhistle.clock import SystemClock
from redwhistle.errors import Unavailable
from server.api import shown
from server.api.ports import Row
from server.api.stream.hub import Allowed, Hub
from server.api.stream.response import EventStreamResponse
from server.api.stream.sockets import listening_socket
from server.rights.scope import Scope
from server.store.listening import follow_changes


@dataclass
class Served:
    """A running server. `rights` may be changed while it runs: a person who is not in it has no session."""

    hub: Hub
    port: int = 0
    rights: dict[str, Scope] = field(default_factory=dict)
    stop: Callable[[], None] = lambda: None

    def connect(
        self, person: str = "admin", after: str | None = None, *, receive_buffer: int = 0
    ) -> "StreamClient":
        """A client that has sent its request."""
        return StreamClient(self.port, person, after, receive_buffer)


class StreamClient:
    """One connection to the stream; `read_until` waits for events and returns all that came."""

    def __init__(self, port: int, person: str, after: str | None, receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(20)
        self.socket.connect(("127.0.0.1", port))
        last = f"last-event-id: {after}\r\n" if after else ""
        self.socket.sendall(f"GET /stream?person={person} HTTP/1.1\r\nhost: x\r\n{last}\r\n".encode())
        self._chunks, self._events = ChunkReader(), EventReader()
        self.seen: list[Event] = []
        self.ended = False

    def read_until(self, enough: Callable[[list[Event]], bool]) -> list[Event]:
        """All events so far, once `enough` says so or the stream has ended; TimeoutError after 20 s of silence."""
        while not self.ended and not enough(self.seen):
            received = self.socket.recv(1 << 20)
            self.seen += self._events.feed(self._chunks.feed(received))
            self.ended = self._chunks.ended or not received
        return self.seen

    def read_names(self, *names: str) -> list[Event]:
        """Wait until events of these names have come in this order, others between them or not."""

        def come(seen: list[Event]) -> bool:
            rest = iter([event.name for event in seen])
            return all(name in rest for name in names)

        return self.read_until(come)

    def close(self) -> None:
        self.socket.close()


def encode_item(row: Row) -> bytes:
    """As the API does."""
    return shown.item(row).model_dump_json().encode()


@contextmanager
def serving(
    url: str, *, tick_s: float = 10.0, inbox_limit: int = 1_000, stuck_s: float = 60
) -> Iterator[Served]:
    """Serve the stream of the database at this address until the block ends."""
    hub = Hub(
        lambda stop: follow_changes(url, stop, poll_s=0.2),
        encode_item,
        SystemClock(),
        tick_s=tick_s,
        inbox_limit=inbox_limit,
        ready_within_s=1,
    )
    served = Served(hub, rights={"admin": Scope.ALL})

    async def stream(request: Request) -> Response:
        person = request.query_params["person"]

        async def look_again() -> Allowed | None:
            scope = served.rights.get(person)
            return None if scope is None else Allowed(scope)

        allowed = await look_again()
        if allowed is None:
            return PlainTextResponse("who?", 401)
        try:
            joined = await hub.join(allowed, person, look_again, after=request.headers.get("last-event-id"))
        except Unavailable as error:
            return PlainTextResponse(str(error), 503)
        return EventStreamResponse(joined)

    async def plain(_: Request) -> Response:
        return PlainTextResponse("here")

    app = Starlette(routes=[Route("/stream", stream), Route("/plain", plain)])
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", ws="none", timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    listening = listening_socket("127.0.0.1", 0, stuck_s=stuck_s)
    served.port = listening.getsockname()[1]
    thread = threading.Thread(target=server.run, args=([listening],), name="test-server")

    def stop() -> None:
        hub.stop()
        server.should_exit = True
        thread.join(10)
        listening.close()

    served.stop = stop
    thread.start()
    try:
        wait_for(lambda: server.started, timeout_s=10, what="the web server has started")
        yield served
    finally:
        stop()
        assert not thread.is_alive(), "the web server did not stop"
