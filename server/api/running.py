"""The web server of a process: uvicorn on a thread of its own, started when it listens, stopped within seconds."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from redwhistle.errors import ConfigurationError, Unavailable
from redwhistle.logs import get_logger
from server.api.protocol import PatientProtocol
from server.api.stream.sockets import BACKLOG, listening_socket, raise_file_limit

log = get_logger(part="api")

KEEP_ALIVE_S = 65
"""Longer than a proxy in front keeps its idle connections, so that it is the proxy that closes them."""
GRACE_S = 3
START_S = 20.0
Tls = tuple[Path, Path]


@contextmanager
def serving(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    tls: Tls | None = None,
    end_streams: Callable[[], None] = lambda: None,
    failed: Callable[[], None] = lambda: None,
) -> Iterator[int]:
    """Answer at `host` and `port` (0: a free one) while the context lasts; gives the port.

    At the end streams are ended first (`end_streams`), requests in flight have 3 s. `failed` is called when the server
    ends by itself. Raise ConfigurationError for an address or certificate that cannot be used.
    """
    listener = _listen(host, port)
    with listener:
        server = uvicorn.Server(_config(app, tls))
        ended = threading.Event()

        def run() -> None:
            try:
                server.run(sockets=[listener])
            except (Exception, SystemExit):
                log.exception("api_failed")
            finally:
                ended.set()
                if not server.should_exit:
                    failed()

        thread = threading.Thread(target=run, name="api")
        thread.start()
        try:
            _await_start(server, ended)
            yield listener.getsockname()[1]
        finally:
            end_streams()
            server.should_exit = True
            thread.join(timeout=GRACE_S + 5)
            if thread.is_alive():
                server.force_exit = True
                thread.join(timeout=2)


def _config(app: ASGIApp, tls: Tls | None) -> uvicorn.Config:
    made = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        loop="auto",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=str(tls[0]) if tls else None,
        ssl_keyfile=str(tls[1]) if tls else None,
    )
    try:
        made.load()
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(
            f"REDWHISTLE_TLS_CERT_FILE and REDWHISTLE_TLS_KEY_FILE cannot be used: {error}: give PEM files that"
            " belong together and that this process may read"
        ) from error
    return made


def _listen(host: str, port: int) -> socket.socket:
    raise_file_limit()
    try:
        return listening_socket(host, port)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host} port {port}: {error.strerror or error}: set REDWHISTLE_API_HOST and"
            " REDWHISTLE_API_PORT to what is free here"
        ) from error


def _await_start(server: uvicorn.Server, ended: threading.Event) -> None:
    waited_s = 0.0
    while not server.started:
        if ended.wait(0.02):
            raise Unavailable("the web server did not start: see the log")
        waited_s += 0.02
        if waited_s > START_S:
            raise Unavailable("the web server did not start in time: see the log")
