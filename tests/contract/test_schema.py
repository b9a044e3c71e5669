"""JSON schemas and the AsyncAPI document: they say what the models say, and the committed file is not stale."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from redwhistle.cli import run
from redwhistle.contracts.asyncapi import asyncapi_document, asyncapi_yaml
from redwhistle.contracts.commands import ARGS_OF
from redwhistle.contracts.events import DATA_OF, EventKind
from redwhistle.contracts.schema import MESSAGES, SCHEMAS, json_schema
from redwhistle.contracts.topics import FROM_BOX, Leaf, build

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"

REFERENCE = {
    "type": "object",
    "properties": {"$ref": {"type": "string", "pattern": "^#/"}},
    "required": ["$ref"],
    "additionalProperties": False,
}
ASYNCAPI = {
    # The parts of the AsyncAPI 3.0.0 object model that the document uses.
    "type": "object",
    "required": ["asyncapi", "info"],
    "additionalProperties": False,
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "info": {
            "type": "object",
            "required": ["title", "version"],
            "additionalProperties": False,
            "properties": {
                "title": {"type": "string"},
                "version": {"type": "string"},
                "description": {"type": "string"},
                "license": {"type": "object", "required": ["name"], "properties": {"url": {"format": "uri"}}},
            },
        },
        "defaultContentType": {"type": "string"},
        "channels": {
            "patternProperties": {
                "^[A-Za-z0-9_-]+$": {
                    "type": "object",
                    "required": ["address", "messages"],
                    "additionalProperties": False,
                    "properties": {
                        "address": {"type": "string"},
                        "description": {"type": "string"},
                        "parameters": {"additionalProperties": REFERENCE},
                        "messages": {"additionalProperties": REFERENCE},
                    },
                }
            },
            "additionalProperties": False,
        },
        "operations": {
            "additionalProperties": {
                "type": "object",
                "required": ["action", "channel"],
                "additionalProperties": False,
                "properties": {
                    "action": {"enum": ["send", "receive"]},
                    "channel": REFERENCE,
                    "messages": {"type": "array", "items": REFERENCE},
                    "bindings": {
                        "properties": {
                            "mqtt": {
                                "additionalProperties": False,
                                "properties": {
                                    "qos": {"enum": [0, 1, 2]},
                                    "retain": {"type": "boolean"},
                                    "bindingVersion": {"const": "0.2.0"},
                                },
                            }
                        },
                        "additionalProperties": False,
                    },
                },
            }
        },
        "components": {
            "additionalProperties": False,
            "properties": {
                "parameters": {
                    "additionalProperties": {
                        "properties": {"description": {"type": "string"}},
                        "additionalProperties": False,
                    }
                },
                "messages": {
                    "additionalProperties": {
                        "required": ["payload"],
                        "additionalProperties": False,
                        "properties": {
                            "name": {},
                            "contentType": {},
                            "summary": {},
                            "payload": {"type": "object"},
                        },
                    }
                },
                "schemas": {"additionalProperties": {"$ref": "https://json-schema.org/draft/2020-12/schema"}},
            },
        },
    },
}


def resolve(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def references_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for inner in value.values() for found in references_in(inner)]
    return [found for inner in value for found in references_in(inner)] if isinstance(value, list) else []


def test_the_committed_document_is_what_the_contracts_make() -> None:
    committed = (ROOT / "docs" / "asyncapi.yaml").read_text(encoding="utf-8")
    assert committed == asyncapi_yaml(), "run: redwhistle schema --asyncapi > docs/asyncapi.yaml"


def test_the_yaml_says_what_the_document_says() -> None:
    assert yaml.safe_load(asyncapi_yaml()) == json.loads(json.dumps(asyncapi_document()))


def test_the_document_is_asyncapi_3() -> None:
    document = json.loads(json.dumps(asyncapi_document()))
    jsonschema.Draft202012Validator(ASYNCAPI, format_checker=jsonschema.FormatChecker()).validate(document)
    for reference in references_in(document):
        resolve(document, reference)
    for channel in document["channels"].values():
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel["parameters"])


def test_channels_are_the_topics_and_directions_the_servers() -> None:
    document = asyncapi_document()
    assert {channel["address"] for channel in document["channels"].values()} == {
        build("s", "b", leaf).replace("/s/b/", "/{site}/{box}/") for leaf in Leaf
    }
    received = {
        operation["channel"]["$ref"].rsplit("/", 1)[1]
        for operation in document["operations"].values()
        if operation["action"] == "receive"
    }
    assert received == {leaf.value for leaf in FROM_BOX}


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_each_schema_is_a_schema(name: str) -> None:
    schema = json_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_golden_payloads_fit_their_schemas(file: Path) -> None:
    document = json.loads(file.read_bytes())
    name = file.stem.split("-")[1]
    jsonschema.Draft202012Validator(json_schema("envelope" if name == "event" else name)).validate(document)
    for event in document.get("events", []):
        jsonschema.Draft202012Validator(json_schema(f"event.{event['kind']}")).validate(event["data"])
    whole = asyncapi_document()
    message = whole["components"]["messages"]["envelope" if name == "event" else name]
    validator = jsonschema.Draft202012Validator(
        {"$ref": message["payload"]["$ref"], "components": whole["components"]}
    )
    validator.validate(document)


def test_the_document_ties_data_to_its_kind() -> None:
    whole = asyncapi_document()
    validator = jsonschema.Draft202012Validator(
        {"$ref": "#/components/schemas/Envelope", "components": whole["components"]}
    )
    document = json.loads((GOLDEN / "v1-event-smoke.json").read_bytes())
    document["events"][0]["data"] = {"zone": "no such field of smoke"}
    assert not validator.is_valid(document)


def test_the_command_prints_one_all_or_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "event.smoke"], []) == 0
    assert json.loads(capsys.readouterr().out) == json_schema("event.smoke")
    assert run(["schema"], []) == 0
    everything = json.loads(capsys.readouterr().out)
    events, commands = {f"event.{kind}" for kind in EventKind}, {f"command.{name}" for name in ARGS_OF}
    assert set(everything) == set(MESSAGES) | events | commands
    assert len(DATA_OF) == len(EventKind)
    assert run(["schema", "--out", str(tmp_path / "deep")], []) == 0
    assert {file.name for file in (tmp_path / "deep").iterdir()} == {
        f"{name}.schema.json" for name in SCHEMAS
    }
    capsys.readouterr()
    assert run(["schema", "--asyncapi"], []) == 0
    assert capsys.readouterr().out == asyncapi_yaml()


def test_the_command_says_which_names_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "smoke"], []) == 1
    assert "event.smoke" in capsys.readouterr().err
    assert run(["schema", "ack", "--asyncapi"], []) == 2
    (tmp_path / "file").write_text("")
    assert run(["schema", "ack", "--out", str(tmp_path / "file")], []) == 1
    assert "cannot be written" in capsys.readouterr().err
