"""The wire contract as an AsyncAPI 3.0 document, made from the models and the topics; from the server's side."""

import json
import re
from typing import Any

from pydantic.json_schema import models_json_schema

from redwhistle.contracts.events import DATA_OF, Event, lane_of
from redwhistle.contracts.ids import SLUG
from redwhistle.contracts.schema import MESSAGES
from redwhistle.contracts.topics import FROM_BOX, ROOT, Leaf
from redwhistle.contracts.wire import MAX_ENVELOPE_BYTES, MAX_EVIDENCE_BYTES, MAX_ITEMS, VERSION

HEAD = "# Made by `redwhistle schema --asyncapi`; a test compares it with the code. Change the contracts, not this file.\n"


def asyncapi_document() -> dict[str, Any]:
    """The document as plain values, always in the same order."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "RedWhistle: boxes and server",
            "version": f"{VERSION}.0.0",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {leaf.value: _channel(leaf) for leaf in Leaf},
        "operations": dict(_operation(leaf) for leaf in Leaf),
        "components": {
            "parameters": {
                "site": {"description": f"The compound's place id: {_SLUG_WORDS}"},
                "box": {"description": f"The box's id, also its certificate's name: {_SLUG_WORDS}"},
            },
            "messages": _messages(),
            "schemas": _schemas(),
        },
    }


def asyncapi_yaml() -> str:
    """The document as YAML: block style, each scalar written as JSON."""
    return HEAD + "\n".join(_yaml(asyncapi_document(), 0)) + "\n"


def _channel(leaf: Leaf) -> dict[str, Any]:
    message = _MESSAGE_OF[leaf]
    return {
        "address": f"{ROOT}/{{site}}/{{box}}/{leaf}",
        "description": _LEAF_WORDS[leaf],
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in ("site", "box")},
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
    }


def _operation(leaf: Leaf) -> tuple[str, dict[str, Any]]:
    action = "receive" if leaf in FROM_BOX else "send"
    operation: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": f"#/channels/{leaf}"},
        "messages": [{"$ref": f"#/channels/{leaf}/messages/{_MESSAGE_OF[leaf]}"}],
    }
    if leaf in {Leaf.ALARM, Leaf.TELEMETRY, Leaf.EVIDENCE, Leaf.STATE}:
        operation["bindings"] = {"mqtt": {"qos": 1, "retain": leaf is Leaf.STATE, "bindingVersion": "0.2.0"}}
    return f"{action}{leaf.value.title()}", operation


def _messages() -> dict[str, Any]:
    return {
        name: {
            "name": name,
            "contentType": "application/json",
            "summary": f"At most {MAX_ENVELOPE_BYTES} bytes.",
            "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
        }
        for name, model in MESSAGES.items()
    }


def _schemas() -> dict[str, Any]:
    models = sorted({*MESSAGES.values(), *DATA_OF.values()}, key=lambda model: model.__name__)
    _, found = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Any] = found["$defs"]
    event = schemas[Event.__name__]
    event["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": kind.value}}, "required": ["kind"]},
            "then": {"properties": {"data": {"$ref": f"#/components/schemas/{model.__name__}"}}},
            "description": f"Travels in the lane {lane_of(kind)}.",
        }
        for kind, model in DATA_OF.items()
    ]
    return schemas


def _yaml(value: Any, indent: int) -> list[str]:
    """Lines of a value that is an object or a list and not empty."""
    pad = " " * indent
    lines: list[str] = []
    if isinstance(value, dict):
        for key, item in value.items():
            name = key if _PLAIN_KEY.fullmatch(key) and key.lower() not in _YAML_WORDS else json.dumps(key)
            if _is_block(item):
                lines += [f"{pad}{name}:", *_yaml(item, indent + 2)]
            else:
                lines.append(f"{pad}{name}: {_scalar(item)}")
        return lines
    for item in value:
        if _is_block(item):
            first, *others = _yaml(item, indent + 2)
            lines += [f"{pad}- {first.lstrip()}", *others]
        else:
            lines.append(f"{pad}- {_scalar(item)}")
    return lines


def _is_block(value: Any) -> bool:
    """Objects, and lists of objects; a list of plain values is written in one line."""
    return bool(value) and (
        isinstance(value, dict) or (isinstance(value, list) and isinstance(value[0], dict | list))
    )


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_SLUG_WORDS = f"1 to 64 lower-case letters, digits, '.', '_', '-' ({SLUG})"

_MESSAGE_OF: dict[Leaf, str] = {
    Leaf.ALARM: "envelope",
    Leaf.TELEMETRY: "envelope",
    Leaf.EVIDENCE: "evidence",
    Leaf.STATE: "state",
    Leaf.ACK: "ack",
    Leaf.COMMAND: "command",
    Leaf.REPLY: "reply",
}

_LEAF_WORDS: dict[Leaf, str] = {
    Leaf.ALARM: "Events that may raise an alert; sent before everything else, kept at the box until acknowledged.",
    Leaf.TELEMETRY: "Readings in columns, plain events and gap records, in batches; kept at the box until acknowledged.",
    Leaf.EVIDENCE: (
        f"The picture to an alarm, at most {MAX_EVIDENCE_BYTES} bytes of JPEG with the people made unrecognisable; sent"
        " after the alarms, acknowledged by its id."
    ),
    Leaf.STATE: "Retained: what the box is and has. Its last will is the same message with `online` false.",
    Leaf.ACK: "The server's own acknowledgement, sent after its commit: only now does the box delete.",
    Leaf.COMMAND: "What the server asks of the box; it expires and runs once.",
    Leaf.REPLY: "The box's answer to a command.",
}

_DESCRIPTION = (
    "MQTT 5. A box publishes and subscribes under its own prefix only. "
    f"An envelope holds at most {MAX_ITEMS} items and {MAX_ENVELOPE_BYTES} bytes. "
    "Items are sent again until the server acknowledges their ranges; a reader ignores fields that it does not know. "
    "People are counted, never identified: no message has a field for a person."
)
