"""systemd's readiness and watchdog protocol (sd_notify(3)): datagrams to the socket that $NOTIFY_SOCKET names."""

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Tells systemd; does nothing where nobody asked. Never raises."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        given = os.environ if environment is None else environment
        address = given.get("NOTIFY_SOCKET", "")
        # A leading @ is an abstract name, which begins with a zero byte.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._every_s = _watchdog_s(given)

    @property
    def watchdog_every_s(self) -> float | None:
        """How often to say that the program lives: half of what the unit allows. None: no watchdog."""
        return self._every_s

    def ready(self) -> None:
        """The program has started."""
        self._send("READY=1")

    def alive(self) -> None:
        """It lives."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """It is ending."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={' '.join(text.split())[:200]}")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.settimeout(1)
                sender.sendto(message.encode(), self._address)
        except (OSError, ValueError):
            return  # without systemd the program goes on all the same


def _watchdog_s(given: Mapping[str, str]) -> float | None:
    """Of sd_watchdog_enabled(3): microseconds, and for which process they are meant."""
    try:
        allowed_s = int(given["WATCHDOG_USEC"]) / 1_000_000
        if int(given.get("WATCHDOG_PID", os.getpid())) != os.getpid():
            return None
    except (KeyError, ValueError):
        return None
    return allowed_s / 2 if allowed_s > 0 else None
