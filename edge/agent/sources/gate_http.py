"""Gates whose controllers post JSON to the box: `POST /<prefix>/gate/<name>`, signed or with a token.

    X-RedWhistle-Time: 1795000000000                   milliseconds since 1970
    X-RedWhistle-Signature: sha256=<hex>               HMAC-SHA-256 of "<time>\\n<path>\\n" and the body
    Authorization: Bearer <secret>                     instead of both, with `auth: token`

204 when all that follows from it is in the outbox; 400 not a gate's message, 401 not signed, 404 another path, 409
seen before, 413 too long, 503 try again. Nothing of a body is logged or answered: it holds a card number.
"""

import hashlib
import hmac
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import unquote

from edge.agent.observation import Moment
from edge.agent.ports import Sink
from edge.agent.sources.card_key import KEY_FILE, open_key
from edge.agent.sources.gate import GateInterpreter
from edge.agent.sources.gate_settings import GateHttpSettings
from edge.agent.sources.handover import Handover
from edge.agent.sources.json_door import MAX_PAYLOAD_BYTES, read_object
from redwhistle.errors import OutboxError, SourceError
from redwhistle.logs import get_logger

_SIGNATURE = "X-RedWhistle-Signature"
_AT_ONCE = 16
_READ_S = 5.0
_WHOLE_S = 10.0
"""No connection lasts longer, however slowly it speaks."""
_SEEN_KEPT = 10_000
_LEAST_SECRET = 16
_TICK_S = 0.5


def build(settings: GateHttpSettings, *, moment: Callable[[], Moment], data_dir: Path) -> "GateHttpSource":
    """The source of the gates that post. Makes the card key on the first run. Raises SourceError."""
    hasher = open_key(settings.key_file or data_dir / KEY_FILE)
    return GateHttpSource(
        settings, GateInterpreter(settings, hasher), _read_secret(settings.secret_file), moment
    )


class GateHttpSource:
    """Implements `edge.agent.ports.Source`."""

    def __init__(
        self,
        settings: GateHttpSettings,
        interpreter: GateInterpreter,
        secret: bytes,
        moment: Callable[[], Moment],
    ) -> None:
        self.name = settings.name
        self.port: int | None = None
        """The port while it listens."""
        self._settings = settings
        self._interpreter = interpreter
        self._secret = secret
        self._moment = moment
        self._handover = Handover()
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._log = get_logger(source=settings.name)

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Listen until `stop` is set. Raises SourceError when the port is taken, OutboxError."""
        settings = self._settings
        try:
            server = _Server((str(settings.listen), settings.port), partial(self._answer, sink))
        except OSError as error:
            raise SourceError(
                f"{settings.listen}:{settings.port} cannot be listened on ({error.strerror}): "
                "is the address this box's own, and the port free?"
            ) from error
        thread = threading.Thread(
            target=server.serve_forever, args=(0.2,), name=f"{self.name}-door", daemon=True
        )
        thread.start()
        self.port = int(server.server_address[1])
        self._log.info("gate_http_listening", port=self.port)
        try:
            while not stop.wait(_TICK_S):
                with self._lock:
                    self._handover.give(sink, self._interpreter.tick(self._moment()))
        finally:
            self.port = None
            server.shutdown()
            server.server_close()
            thread.join()

    def _answer(self, sink: Sink, path: str, headers: Any, body: bytes) -> HTTPStatus:
        """What a request is answered; all that follows from it is kept before."""
        moment = self._moment()
        refusal = self._refuse(path, headers, body, moment)
        if refusal is not None:
            return refusal
        topic = unquote(path.removeprefix("/"), errors="replace")
        parts = topic.removeprefix(f"{self._settings.prefix}/").split("/")
        if topic == path or len(parts) != 2 or parts[0] != "gate" or not parts[1]:
            return HTTPStatus.NOT_FOUND
        is_json = read_object(body) is not None
        with self._lock:
            said = self._interpreter.hear(topic, body, False, moment)
            try:
                self._handover.give(sink, said)
            except OutboxError:
                # It must be able to come again, under the same signature.
                self._seen.pop(str(headers.get(_SIGNATURE, "")), None)
                return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.NO_CONTENT if is_json else HTTPStatus.BAD_REQUEST

    def _refuse(self, path: str, headers: Any, body: bytes, moment: Moment) -> HTTPStatus | None:
        if self._settings.auth == "token":
            given = str(headers.get("Authorization", "")).removeprefix("Bearer ").encode("utf-8", "replace")
            same = hmac.compare_digest(given, self._secret)
            return None if same else HTTPStatus.UNAUTHORIZED
        said_at = str(headers.get("X-RedWhistle-Time", ""))
        signature = str(headers.get(_SIGNATURE, ""))
        if not hmac.compare_digest(
            signature.encode("utf-8", "replace"), sign(self._secret, said_at, path, body).encode()
        ):
            return HTTPStatus.UNAUTHORIZED
        if not (said_at.isascii() and said_at.isdigit() and len(said_at) <= 15):
            return HTTPStatus.UNAUTHORIZED
        if moment.synced and abs(moment.at_ms - int(said_at)) > self._settings.skew_s * 1000:
            return HTTPStatus.UNAUTHORIZED
        with self._lock:
            if signature in self._seen:
                return HTTPStatus.CONFLICT
            self._seen[signature] = moment.mono_ms
            while len(self._seen) > _SEEN_KEPT:
                self._seen.popitem(last=False)
        return None


def sign(secret: bytes, said_at: str, path: str, body: bytes) -> str:
    """The signature that a controller sends."""
    text = f"{said_at}\n{path}\n".encode("utf-8", "replace") + body
    return "sha256=" + hmac.new(secret, text, hashlib.sha256).hexdigest()


class _Server(ThreadingMixIn, HTTPServer):
    """At most `_AT_ONCE` connections, none for longer than `_WHOLE_S`."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], answer: Callable[[str, Any, bytes], HTTPStatus]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.answer = answer
        self._open: dict[socket.socket, float] = {}
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if len(self._open) >= _AT_ONCE:
            self.shutdown_request(request)
            return
        self._open[request] = time.monotonic()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        now_s = time.monotonic()
        for request, began_s in list(self._open.items()):
            if now_s - began_s > _WHOLE_S:
                self.shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that goes away is none of our faults; its words are not for the log."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _READ_S
    server_version = "redwhistle"
    sys_version = ""

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) <= 9):
            self._end(HTTPStatus.LENGTH_REQUIRED)
            return
        if int(length) > MAX_PAYLOAD_BYTES:
            self._end(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        body = self.rfile.read(int(length))
        if len(body) != int(length):
            self._end(HTTPStatus.BAD_REQUEST)
            return
        self._end(self.server.answer(self.path, self.headers, body))

    def _end(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the parent's name)
        """The path holds the gate's name, the body a card number: nothing is logged here."""


def _read_secret(path: Path) -> bytes:
    try:
        with path.open(encoding="utf-8") as file:
            secret = file.readline(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: the secret cannot be read: {error}") from error
    if len(secret) < _LEAST_SECRET:
        raise SourceError(f"{path}: the secret has fewer than {_LEAST_SECRET} characters: make a longer one")
    return secret.encode()
