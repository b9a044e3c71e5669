"""The OpenAPI document: kept beside the console, complete, with a gate on every route."""

import json
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from redwhistle import __version__
from redwhistle.contracts.events import EventKind
from redwhistle.contracts.readings import Metric
from redwhistle.contracts.state import DeviceKind
from redwhistle.places.model import ContactRole, PointKind
from server.api.answers import TITLES
from server.api.app import create_app, describe
from server.api.problems import STATUS, Code
from server.api.schemas.devices import Liveness
from server.api.schemas.session import RightCode, RoleCode
from server.catalogue import CATALOGUE
from server.commands.openapi import written
from server.people.records import AuditAct
from server.rights.roles import Right, Role

KEPT = Path(__file__).parents[3] / "server" / "web" / "openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe(create_app())


def test_the_kept_document_is_the_programs(document: dict[str, Any]) -> None:
    assert KEPT.read_text(encoding="utf-8") == written(document), (
        "the API has changed: run `redwhistle openapi > server/web/openapi.json`"
    )
    assert document["info"]["version"] == __version__


def test_operations_have_stable_short_ids(document: dict[str, Any]) -> None:
    ids = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(ids) == len(set(ids))
    assert all(name.islower() and name.isidentifier() and len(name) <= 24 for name in ids)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    asked = {part.split('"')[0] for part in text.split('"$ref": "')[1:]}
    assert asked <= known
    assert {
        f"#/components/schemas/{name}" for name in ("Problem", "StreamSnapshot", "StreamTick", "Item")
    } <= known


def test_every_operation_says_who_may_and_how_it_refuses(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            open_to_all = one["x-gate"] == "nobody"
            assert ("security" in one) != open_to_all, (method, path)
            assert ("401" in one["responses"]) or open_to_all, (method, path)
            assert one.get("description"), (method, path)


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("problem", Code),
        ("event", EventKind),
        ("device", DeviceKind),
        ("metric", Metric),
        ("point", PointKind),
        ("contact", ContactRole),
        ("role", Role),
        ("right", Right),
        ("liveness", Liveness),
        ("audit", AuditAct),
    ],
)
def test_every_code_has_words_in_both_languages(group: str, codes: type[Enum]) -> None:
    pairs = CATALOGUE[group]
    assert {str(code.value) for code in codes} == {str(code) for code in pairs}


def test_every_problem_has_a_status_and_a_title() -> None:
    assert set(STATUS) == set(TITLES) == set(Code)


def test_roles_and_rights_of_the_document_are_the_programs() -> None:
    assert set(RoleCode.__args__) == set(Role)  # type: ignore[attr-defined]
    assert set(RightCode.__args__) == set(Right)  # type: ignore[attr-defined]
