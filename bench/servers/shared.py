"""One TimescaleDB for a whole test run: started by the process that owns the run, at the first question for it."""

import secrets
import threading
from contextlib import ExitStack
from multiprocessing.connection import Client, Listener

from bench.servers.timescaledb import running_timescaledb
from redwhistle.errors import RedWhistleError, Unavailable
from server.embedded.ports import LOOPBACK


class SharedTimescaledb:
    """Starts the server when `url()` is first called, here or by another process through `offer()`; `close()` stops."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._running = ExitStack()
        self._url: str | None = None
        self._listener: Listener | None = None
        self._offer = ""

    def url(self) -> str:
        """Address of the maintenance database."""
        with self._guard:
            if self._url is None:
                self._url = self._running.enter_context(running_timescaledb()).url
            return self._url

    def offer(self) -> str:
        """Begin to answer other processes; what they give to `ask_url`."""
        if self._listener is None:
            key = secrets.token_hex(16)
            self._listener = Listener((LOOPBACK, 0), authkey=key.encode())
            self._offer = f"{self._listener.address[1]}:{key}"
            threading.Thread(target=self._answer, args=(self._listener,), daemon=True).start()
        return self._offer

    def close(self) -> None:
        """Stop the server if it runs, and answer no more."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        with self._guard:
            self._running.close()
            self._url = None

    def _answer(self, listener: Listener) -> None:
        while True:
            try:
                with listener.accept() as connection:
                    try:
                        connection.send((True, self.url()))
                    except RedWhistleError as error:
                        connection.send((False, str(error)))
            except (OSError, EOFError):
                if self._listener is None:
                    return


def ask_url(offer: str) -> str:
    """The address from the process that made `offer`; waits while the server starts. Raises Unavailable."""
    port, _, key = offer.partition(":")
    with Client((LOOPBACK, int(port)), authkey=key.encode()) as connection:
        works, answer = connection.recv()
    if not works:
        raise Unavailable(answer)
    return str(answer)
