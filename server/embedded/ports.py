"""Free TCP ports on 127.0.0.1, and whether somebody listens on one."""

import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port on which nobody listens now. Somebody else may take it before you do: be ready to try again."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_listening(port: int, *, timeout_s: float = 0.5) -> bool:
    """Whether something accepts connections on `port` of 127.0.0.1."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=timeout_s):
            return True
    except OSError:
        return False
