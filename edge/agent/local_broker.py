"""How a source reaches the box's local broker."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from edge.agent.policy.rules import Rules

TopicPart = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^+#\x00-\x1f]+$")]
"""Part of a topic: no wildcard, no control character."""


class LocalBrokerSettings(Rules):
    """The broker that Zigbee2MQTT and the gate controllers publish to; it runs on the box or in the compound's network."""

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=1883, ge=1, le=65535)
    client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] | None = None
    """The default is `redwhistle-` and the source's name. It must stay the same: the broker keeps messages under it."""
    username: str | None = None
    password_file: Path | None = None
    """A file whose first line is the password."""
    keepalive_s: int = Field(default=20, ge=5, le=600)
    fault_s: float = Field(default=30.0, ge=1, le=3600)
    """Without a connection for this long a fault is said."""

    @model_validator(mode="after")
    def _password_has_user(self) -> "LocalBrokerSettings":
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file needs a username beside it")
        return self
