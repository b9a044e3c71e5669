"""Generated requests for every operation of the document: no fault of the server, and answers as the document says."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from server.api.app import create_app, describe
from server.people.records import By
from tests.integration.api.conftest import House

pytestmark = pytest.mark.servers
EXAMPLES = 5
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
DOCUMENT = describe(create_app())
SCHEMA = schemathesis.openapi.from_dict(json.loads(json.dumps(DOCUMENT)))
ADMINS_OWN = {"manage_people", "nobody"}
ENDLESS = "stream"
OPERATIONS = sorted(
    (path, method)
    for path, methods in DOCUMENT["paths"].items()
    for method, one in methods.items()
    if one["operationId"] != ENDLESS
)


@pytest.fixture(scope="module")
def bearer(house: House) -> Callable[[str], str]:
    @cache
    def make(login: str) -> str:
        now = datetime.now(UTC)
        _, token = house.doors.people.tokens.make(house.people[login], "schema", By("test"), now)
        return token.get_secret_value()

    return make


@pytest.mark.parametrize("login", ["chenjing", "zhangwei"])
@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=str)
def test_generated_requests(
    house: House, bearer: Callable[[str], str], login: str, path: str, method: str
) -> None:
    if login != "chenjing" and DOCUMENT["paths"][path][method]["x-gate"] in ADMINS_OWN:
        return  # refused before anything is read: the walk shows it
    headers = {"Authorization": f"Bearer {bearer(login)}"}

    @given(case=SCHEMA[path][method.upper()].as_strategy())
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    def run(case: Any) -> None:
        case.call_and_validate(base_url=house.at, headers=headers, checks=CHECKS, timeout=30)

    run()


@given(st.binary(max_size=300))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_body_is_answered(house: House, body: bytes) -> None:
    answer = house.client("lina").post(
        f"/api/v1/queue/{house.seeded.gone}/comment",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_credential_is_answered(house: House, text: str) -> None:
    stranger = house.client(None)
    stranger.cookies.clear()
    for headers in ({"Authorization": f"Bearer x{text}"}, {"Cookie": f"rw_session={text.replace(';', '')}"}):
        assert stranger.get("/api/v1/queue", headers=headers).status_code == 401
