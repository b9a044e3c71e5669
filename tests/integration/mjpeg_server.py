"""A camera that speaks HTTP-MJPEG (multipart/x-mixed-replace), on loopback: to cut, to stall, to start again."""

import base64
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

NUMBERS = 60
"""Frames are numbered by brightness (number * 4), beginning anew after so many."""


class MjpegServer:
    """Serves `/video`. Each picture is made and numbered for all viewers by one clock."""

    def __init__(
        self, fps: float = 20.0, user: str | None = None, size: tuple[int, int] = (640, 360)
    ) -> None:
        self.fps = fps
        self.viewers = 0
        self.broken_every = 0
        """Each n-th picture is cut in half, its length still told as the whole."""
        self._user = user
        self._began_s = time.monotonic()
        self._jpegs = [_jpeg(number, size) for number in range(NUMBERS)]
        self._flowing = threading.Event()
        self._flowing.set()
        self._door: ThreadingHTTPServer | None = None
        self._connections: list[socket.socket] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/video"

    def url_for(self, user: str) -> str:
        return self.url.replace("//", f"//{user}@")

    @property
    def count(self) -> int:
        """Pictures since the beginning; the newest has this number modulo NUMBERS."""
        return int((time.monotonic() - self._began_s) * self.fps)

    def start(self) -> None:
        self._door = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self._door.daemon_threads = True
        self.port = self._door.server_port
        threading.Thread(target=self._door.serve_forever, args=(0.02,)).start()

    def cut(self) -> None:
        """Close the door and every connection."""
        door, self._door = self._door, None
        if door is not None:
            door.shutdown()
            door.server_close()
        self._flowing.set()
        for connection in list(self._connections):
            with suppress(OSError):  # gone by itself
                connection.shutdown(socket.SHUT_RDWR)

    def stall(self) -> None:
        """Connections stay open, new ones are taken; nothing is sent."""
        self._flowing.clear()

    def flow(self) -> None:
        self._flowing.set()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                server.serve(self)

        return Handler

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one viewer until one of the two goes."""
        self._flowing.wait()
        if self._user is not None and not _is(self._user, handler.headers.get("Authorization", "")):
            handler.send_response(401)
            handler.send_header("WWW-Authenticate", 'Basic realm="camera"')
            handler.end_headers()
            return
        if handler.path != "/video":
            handler.send_error(404)
            return
        self.viewers += 1
        self._connections.append(handler.connection)
        try:
            handler.send_response(200)
            handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
            handler.end_headers()
            self._send_pictures(handler)
        except (OSError, ValueError):
            pass  # the viewer, or this server, went
        finally:
            self._connections.remove(handler.connection)
            self.viewers -= 1

    def _send_pictures(self, handler: BaseHTTPRequestHandler) -> None:
        sent = self.count
        while self._door is not None:
            self._flowing.wait()
            if self.count <= sent:
                time.sleep(0.2 / self.fps)
                continue
            sent = self.count
            jpeg = self._jpegs[sent % NUMBERS]
            head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            if self.broken_every and sent % self.broken_every == 0:
                jpeg = jpeg[: len(jpeg) // 2] + bytes(len(jpeg) - len(jpeg) // 2)
            handler.wfile.write(head.encode() + jpeg + b"\r\n")


@contextmanager
def serving(**options: object) -> Iterator[MjpegServer]:
    """A started server, cut at the end."""
    server = MjpegServer(**options)  # type: ignore[arg-type]
    server.start()
    try:
        yield server
    finally:
        server.cut()


def _is(user: str, told: str) -> bool:
    return told == "Basic " + base64.b64encode(user.encode()).decode()


def _jpeg(number: int, size: tuple[int, int]) -> bytes:
    picture = np.full((size[1], size[0], 3), number * 4, np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1])
