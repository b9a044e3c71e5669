"""The `broker` section of a box's configuration."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.agent.filepaths import ConfigPath


class TlsSettings(BaseModel):
    """TLS towards the broker. Without `ca_file` the system's authorities are trusted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ca_file: ConfigPath | None = None
    cert_file: ConfigPath | None = None
    """The box's certificate; its name is the box id."""
    key_file: ConfigPath | None = None

    @model_validator(mode="after")
    def _is_pair(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file go together: give both or neither")
        return self


class BrokerSettings(BaseModel):
    """Where the broker is and how the box proves who it is: a client certificate, or a password in a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: Annotated[str, Field(min_length=1, max_length=253)]
    port: Annotated[int, Field(ge=1, le=65535)] = 8883
    tls: TlsSettings | None = None
    username: Annotated[str, Field(max_length=200)] | None = None
    """The box id when it is not given and there is a password_file."""
    password_file: ConfigPath | None = None
    """Its first line is the password; read at each connection."""
    keepalive_s: Annotated[int, Field(ge=2, le=300)] = 10
    connect_timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    session_expiry_s: Annotated[int, Field(ge=0, le=86400)] = 300
    """How long the broker keeps acknowledgements and commands for a box that is away."""
    will_delay_s: Annotated[int, Field(ge=0, le=3600)] = 45
    """Before the broker says that the box is gone; more than the longest wait between two attempts (30 s)."""
