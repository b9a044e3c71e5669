"""JSON schemas (2020-12) of the wire models, as the models themselves say them.

They tell what a writer may send: fields beyond them are refused where we write and ignored where we read.
"""

from typing import Any

from redwhistle.contracts.commands import ARGS_OF, Command, Reply
from redwhistle.contracts.envelope import Ack, Envelope
from redwhistle.contracts.events import DATA_OF
from redwhistle.contracts.evidence import Evidence
from redwhistle.contracts.state import BoxState
from redwhistle.contracts.wire import VERSION, Wire

MESSAGES: dict[str, type[Wire]] = {
    "envelope": Envelope,
    "ack": Ack,
    "state": BoxState,
    "command": Command,
    "reply": Reply,
    "evidence": Evidence,
}
"""What is a message of its own, by its short name."""

SCHEMAS: dict[str, type[Wire]] = (
    MESSAGES
    | {f"event.{kind}": model for kind, model in DATA_OF.items()}
    | {f"command.{name}": model for name, model in ARGS_OF.items()}
)
"""The messages, and `event.<kind>` for the data of each kind of event, `command.<name>` for the arguments of a command."""


def json_schema(name: str) -> dict[str, Any]:
    """The schema of one name of SCHEMAS; KeyError for another."""
    schema = SCHEMAS[name].model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:redwhistle:wire:v{VERSION}:{name}",
        **schema,
    }
