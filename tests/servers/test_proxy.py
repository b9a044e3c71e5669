"""The proxy that tests cut: bytes, order and ends, through every state of the line."""

import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from bench.servers.proxy import CuttableProxy
from bench.servers.waiting import wait_for
from tests.conftest import StartProxy


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        try:
            while data := self.request.recv(65536):
                self.request.sendall(data)
        except OSError:
            pass


@pytest.fixture
def line(proxy: StartProxy) -> Iterator[CuttableProxy]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield proxy(server.server_address[1])
        server.shutdown()


def _connect(line: CuttableProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", line.port), timeout=5)


def _ended(connection: socket.socket) -> bool:
    """Whether the other side ends the connection, within its time-out."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def _refused(line: CuttableProxy) -> bool:
    """Whether a new connection is ended at once; the reset may come while it is still being made."""
    try:
        with _connect(line) as connection:
            return _ended(connection)
    except ConnectionError:
        return True


def _read(connection: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        part = connection.recv(65536)
        if not part:
            break
        got += part
    return got


def test_it_passes_everything_in_order(line: CuttableProxy) -> None:
    sent = b"".join(number.to_bytes(4, "big") for number in range(100_000))
    with _connect(line) as connection:
        threading.Thread(target=connection.sendall, args=(sent,), daemon=True).start()
        assert _read(connection, len(sent)) == sent
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""


def test_a_cut_ends_old_and_new_connections_until_healed(line: CuttableProxy) -> None:
    with _connect(line) as connection:
        connection.sendall(b"a")
        assert _read(connection, 1) == b"a"
        line.cut()
        assert _ended(connection)
    assert _refused(line)
    line.heal()
    with _connect(line) as connection:
        connection.sendall(b"c")
        assert _read(connection, 1) == b"c"


def test_a_stall_holds_and_loses_nothing(line: CuttableProxy) -> None:
    with _connect(line) as connection:
        line.stall()
        connection.sendall(b"held")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        line.heal()
        connection.settimeout(5)
        assert _read(connection, 4) == b"held"


def test_a_black_hole_answers_nothing_and_breaks_when_healed(line: CuttableProxy) -> None:
    with _connect(line) as old:
        old.sendall(b"a")
        assert _read(old, 1) == b"a"
        line.black_hole()
        old.sendall(b"swallowed")
        with _connect(line) as new:
            new.sendall(b"swallowed too")
            for connection in (old, new):
                connection.settimeout(0.3)
                with pytest.raises(TimeoutError):
                    connection.recv(1)
                connection.settimeout(5)
            line.heal()
            for connection in (old, new):
                assert _ended(connection)
    wait_for(lambda: line.connections == 0, what="the end of both connections")


def test_a_slow_line_is_slow(line: CuttableProxy) -> None:
    line.limit(1e9)
    with _connect(line) as connection:
        connection.sendall(b"x" * 1000)
        assert _read(connection, 1000) == b"x" * 1000
        line.limit(100)
        connection.sendall(b"y" * 200)
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_a_target_that_is_gone_ends_the_connection(proxy: StartProxy) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        line = proxy(unused.getsockname()[1])
        assert _refused(line)
