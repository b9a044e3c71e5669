"""Whether the broker can be reached and proves who it is, without logging in (that would throw a running box out)."""

import socket
import ssl

from edge.agent.uplink.broker_settings import BrokerSettings
from edge.agent.uplink.connection import explain, make_tls_context
from redwhistle.errors import ConfigurationError


def probe_broker(settings: BrokerSettings) -> str | None:
    """Connect, with TLS where it is configured, and close; None, or what is wrong."""
    if settings.password_file is not None:
        try:
            settings.password_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            return f"broker.password_file cannot be read: {error}"
    address = (settings.host, settings.port)
    try:
        context = None if settings.tls is None else make_tls_context(settings.tls)
        with socket.create_connection(address, timeout=settings.connect_timeout_s) as plain:
            if context is not None:
                with context.wrap_socket(plain, server_hostname=settings.host):
                    pass
    except ConfigurationError as error:
        return str(error)
    except (OSError, ssl.SSLError, ValueError) as error:
        return f"{settings.host}:{settings.port}: {explain(error)}"
    return None
