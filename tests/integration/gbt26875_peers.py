"""A receiving centre in a thread of its own, and transmitters that connect to it."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Self

from edge.agent.gbt26875.frame import Frame
from edge.agent.gbt26875.stream import StreamDecoder
from edge.agent.observation import Moment
from edge.agent.sources import gbt26875
from edge.agent.sources.gbt26875_server import Gbt26875Source
from edge.agent.sources.gbt26875_settings import Gbt26875Settings
from tests.recording import RecordingSink, moment
from tests.unit.gbt26875_vectors import TRANSMITTER


class Centre:
    """The source running in a thread of its own."""

    def __init__(self, **changes: Any) -> None:
        self.skew_ms = 0
        transmitters = [
            {"address": TRANSMITTER, "device": "panel-1", "place": "yard"} | changes.pop("transmitter", {}),
            *({"address": 5000 + n, "device": f"panel-{5000 + n}"} for n in range(4)),
        ]
        section = {"type": "gbt26875", "tcp_port": 0, "udp_port": 0, "transmitters": transmitters} | changes
        self.source: Gbt26875Source = gbt26875.build(
            Gbt26875Settings.model_validate(section), moment=self.moment
        )
        self.sink = RecordingSink()
        self.failure: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def moment(self) -> Moment:
        return moment(self.skew_ms)

    def _run(self) -> None:
        try:
            self.source.run(self.sink, self._stop)
        except Exception as error:
            self.failure = error

    def __enter__(self) -> Self:
        self._thread.start()
        assert self.source.listening.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    @property
    def tcp(self) -> tuple[str, int]:
        port = self.source.ports[0]
        assert port is not None
        return ("127.0.0.1", port)

    @property
    def udp(self) -> tuple[str, int]:
        port = self.source.ports[1]
        assert port is not None
        return ("127.0.0.1", port)

    def wait_for(self, condition: Callable[[], object], what: str, timeout_s: float = 15.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}: {self.sink.told()}"
            time.sleep(0.01)


class Peer:
    """A transmitter on a TCP connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=15)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._decoder = StreamDecoder()
        self._waiting: list[Frame] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self) -> Frame:
        while not self._waiting:
            data = self.socket.recv(4096)
            assert data, "the centre closed the connection"
            found = self._decoder.feed(data)
            self._waiting += [each for each in found if isinstance(each, Frame)]
        return self._waiting.pop(0)

    def is_closed(self) -> bool:
        try:
            while self.socket.recv(4096):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True
