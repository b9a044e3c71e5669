"""A network between box and broker that can be slow, cut, or a black hole."""

import contextlib
import socket
import threading
import time


class Proxy:
    """Forwards 127.0.0.1:`port` to the broker. `bytes_per_s` limits what the box sends; 0 is no limit."""

    def __init__(self, target_port: int) -> None:
        self.bytes_per_s = 0
        self.swallows = False
        """Nothing passes either way, and nobody is told."""
        self._target_port = target_port
        self._stopped = False
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._start(self._accept)

    def cut(self) -> None:
        """Reset all connections; new ones are accepted at once."""
        with self._lock:
            for end in self._open:
                _close(end)
            self._open.clear()

    def close(self) -> None:
        self._stopped = True
        _close(self._listener)
        self.cut()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: object, *args: object) -> None:
        assert callable(target)
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            try:
                far = socket.create_connection(("127.0.0.1", self._target_port), timeout=2)
            except OSError:
                _close(near)
                continue
            far.settimeout(None)
            with self._lock:
                self._open += [near, far]
            self._start(self._forward, near, far, True)
            self._start(self._forward, far, near, False)

    def _forward(self, source: socket.socket, sink: socket.socket, upwards: bool) -> None:
        try:
            while data := source.recv(1024 if upwards and self.bytes_per_s else 65536):
                if self.swallows:
                    continue
                if upwards and self.bytes_per_s:
                    time.sleep(len(data) / self.bytes_per_s)
                sink.sendall(data)
        except OSError:
            pass
        _close(source)
        _close(sink)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
