"""A reader of text/event-stream over a bare socket's bytes: enough for the server's own stream, and fast."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name, its data as it came, its id if it has one."""

    name: str
    data: bytes
    id: str | None = None


class EventReader:
    """Takes bytes as they come, in any pieces, and gives whole events. `last_id` is that of the last event that had one."""

    def __init__(self) -> None:
        self._rest = b""
        self.last_id: str | None = None

    def feed(self, received: bytes) -> list[Event]:
        """The events that are complete by now."""
        *blocks, self._rest = (self._rest + received).split(b"\n\n")
        return [event for block in blocks if (event := self._event(block)) is not None]

    def _event(self, block: bytes) -> Event | None:
        name, data, told = "message", None, None
        for line in block.split(b"\n"):
            field, _, value = line.partition(b": ")
            if field == b"event":
                name = value.decode()
            elif field == b"data":
                data = value
            elif field == b"id":
                told = self.last_id = value.decode()
        return None if data is None else Event(name, data, told)


class ChunkReader:
    """Takes a response's head and chunked body off a connection's bytes; raises ValueError for another answer than 200."""

    def __init__(self) -> None:
        self._rest = b""
        self._in_body = False
        self.ended = False

    def feed(self, received: bytes) -> bytes:
        """The bytes of the body that are complete by now."""
        self._rest += received
        if not self._in_body:
            head, found, rest = self._rest.partition(b"\r\n\r\n")
            if not found:
                return b""
            if not head.startswith(b"HTTP/1.1 200 "):
                raise ValueError(f"the server answered {head.splitlines()[0]!r} {rest[:300]!r}")
            self._in_body, self._rest = True, rest
        body: list[bytes] = []
        while True:
            size, found, rest = self._rest.partition(b"\r\n")
            if not found or len(rest) < (length := int(size, 16)) + 2:
                return b"".join(body)
            self._rest = rest[length + 2 :]
            if length == 0:
                self.ended = True
                return b"".join(body)
            body.append(rest[:length])
