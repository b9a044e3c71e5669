"""Every route as nobody and as every role, inside and outside its scope. Nothing is listed by hand but the meaning of the
parameters: a new route is walked by itself, and one with a parameter that this file does not know fails."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.routing import APIRoute

from server.api.app import create_app
from server.api.gate import Gate
from server.api.schemas.queue import ActName
from server.people.records import By
from server.rights.caller import Caller, Via
from server.rights.gate import scope_of
from server.rights.roles import Right
from tests.integration.api.conftest import House
from tests.integration.api.world import EVIDENCE, GRANTS, PASSWORD, PLACES

pytestmark = pytest.mark.servers
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
NO_SUCH = "0197a3c0-0000-7000-8000-0000000fffff"


@dataclass(frozen=True)
class Op:
    """One operation."""

    name: str
    method: str
    path: str
    gate: str

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)


def operations() -> list[Op]:
    """All operations of the application, as it registers them."""
    found = []
    for route in create_app().routes:
        assert isinstance(route, APIRoute)
        (method,) = route.methods or set()
        extra = route.openapi_extra or {}
        found.append(Op(str(route.operation_id), method, route.path, extra["x-gate"]))
    return found


OPS = operations()
WALKED = [op for op in OPS if op.name not in ("stream", "oidc_start", "oidc_callback")]
"""A stream does not end (its own tests walk it), and there is no provider here."""
ABOVE = {place: parent for place, parent, *_ in PLACES}
COMPANY = {place: company for place, *_, company in PLACES}


def values(house: House, name: str, compound: str) -> list[str]:
    """Values of a path parameter that stand in this compound (or, where nothing does, that anybody may name)."""
    item = house.seeded.fire if compound == "jinyuan" else house.seeded.gate
    alert = house.sql.execute(
        "SELECT a.number::text FROM alerts a JOIN work_items w ON w.alert = a.id WHERE w.number = %s", (item,)
    ).fetchone()
    assert alert is not None
    known: Mapping[str, list[str]] = {
        "item": [str(item), house.seeded.items[item]],
        "alert": [alert[0]],
        "place": [compound],
        "box": [f"{compound}-1"],
        "device": ["smoke-1"],
        "evidence": [str(EVIDENCE)] if compound == "jinyuan" else [],
        "act": [one.value for one in ActName],
        "person": [house.people["nobody"]],
        "session": [NO_SUCH],
        "token": ["0" * 16],
        "code": ["not_found"],
    }
    assert name in known, f"a route has the new parameter {name!r}: say here what it means"
    return known[name]


UNKNOWN = {
    "item": "999999",
    "alert": "999999",
    "place": "no-such",
    "box": "no-such",
    "device": "no-such",
    "evidence": NO_SUCH,
}
"""For each parameter that is limited by a scope, a value that does not exist."""


def targets(house: House, op: Op, compound: str) -> Iterator[dict[str, str]]:
    """Every combination of values for the parameters."""
    names = op.parameters
    for combination in itertools.product(*(values(house, name, compound) for name in names)):
        yield dict(zip(names, combination, strict=True))


def send(client: httpx.Client, op: Op, given: Mapping[str, str], **more: Any) -> httpx.Response:
    body: dict[str, Any] = {"json": {}} if op.method in ("POST", "PUT", "PATCH") else {}
    params = {"device": "jinyuan-1/smoke-1"} if op.name == "get_readings" else {}
    return client.request(op.method, op.path.format(**given), params=params, **body, **more)


@pytest.fixture(scope="module")
def bearers(house: House) -> dict[tuple[str, bool], httpx.Client]:
    """A client with an API token for each person, one that may change things and one that only reads."""
    made = {}
    for login, person in house.people.items():
        for read_only in (False, True):
            _, token = house.doors.people.tokens.make(
                person, "walk", By("test"), datetime.now(UTC), read_only=read_only
            )
            headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
            made[login, read_only] = httpx.Client(base_url=house.at, headers=headers, timeout=30)
    return made


def caller(house: House, login: str) -> Caller:
    far = datetime(2099, 1, 1, tzinfo=UTC)
    return Caller(house.people[login], login, login, "zh", GRANTS[login], Via.TOKEN, "t", far)


def covers(house: House, login: str, right: Right, compound: str) -> bool:
    path, at = [], compound
    while at:
        path.append(at)
        at = ABOVE[at] or ""
    return scope_of(caller(house, login), right, datetime.now(UTC)).covers(path, COMPANY[compound])


@pytest.mark.parametrize("op", WALKED, ids=lambda op: op.name)
def test_nobody_gets_in(house: House, op: Op) -> None:
    with httpx.Client(base_url=house.at, timeout=30) as stranger:
        for given in targets(house, op, "jinyuan"):
            answer = send(stranger, op, given)
            if op.gate == Gate.NOBODY:
                assert answer.status_code not in (401, 403, 404, 405, 500) or op.name == "log_in", answer.text
            else:
                assert answer.status_code == 401, (op.path, answer.text)
                assert answer.json()["code"] == "unauthenticated"


@pytest.mark.parametrize("op", [op for op in WALKED if op.gate != Gate.NOBODY], ids=lambda op: op.name)
@pytest.mark.parametrize("login", sorted(GRANTS))
def test_every_role_inside_and_outside(
    house: House, bearers: dict[tuple[str, bool], httpx.Client], login: str, op: Op
) -> None:
    client = bearers[login, False]
    for compound in ("jinyuan", "jinhe"):
        for given in targets(house, op, compound):
            answer = send(client, op, given)
            expected = expect(house, login, op, given, compound)
            told = answer.json().get("code") if "json" in answer.headers.get("content-type", "") else None
            assert answer.status_code != 500, answer.text
            if expected == "forbidden":
                assert (answer.status_code, told) == (403, "forbidden"), (op.path, given, answer.text)
            elif expected == "not_found":
                limited = next(name for name in op.parameters if name in UNKNOWN)
                unknown = send(client, op, {**given, limited: UNKNOWN[limited]})
                assert answer.status_code == 404, (op.path, given, answer.text)
                assert (answer.content, answer.status_code) == (unknown.content, unknown.status_code)
            elif expected == "query_not_found":
                assert (answer.status_code, told) == (404, "not_found")
            else:
                # what only exists to be missing here (a session, a token) is missing for its owner, too
                missing = {"session", "token"} & set(op.parameters)
                refused = {401, 403, 405} if missing else {401, 403, 404, 405}
                assert answer.status_code not in refused, (op.path, given, answer.text)


def expect(house: House, login: str, op: Op, given: Mapping[str, str], compound: str) -> str:
    """What the pure gate says: `in`, `forbidden` or `not_found`."""
    if op.gate in set(Gate):
        return "in"
    right = Right(op.gate)
    if scope_of(caller(house, login), right, datetime.now(UTC)).empty:
        return "forbidden"
    if op.name == "get_readings":  # its device is a query parameter
        return "in" if covers(house, login, right, "jinyuan") else "query_not_found"
    if not any(name in UNKNOWN for name in op.parameters):
        return "in"
    if not covers(house, login, right, compound):
        return "not_found"
    if op.name == "act_on_item":
        needed = Right.COMMENT if given["act"] == "comment" else Right.ACT
        return "in" if covers(house, login, needed, compound) else "forbidden"
    return "in"


@pytest.mark.parametrize("op", [op for op in WALKED if op.method in UNSAFE], ids=lambda op: op.name)
def test_a_session_changes_nothing_without_its_csrf_token(house: House, op: Op) -> None:
    if op.gate == Gate.NOBODY:
        return
    with httpx.Client(base_url=house.at, timeout=30, cookies=house.client("chenjing").cookies) as client:
        for given in targets(house, op, "jinyuan"):
            for headers in ({}, {"X-CSRF-Token": "0" * 43}):
                answer = send(client, op, given, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (403, "csrf"), op.path


@pytest.mark.parametrize("op", [op for op in WALKED if op.method in UNSAFE], ids=lambda op: op.name)
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_nothing_is_changed_from_another_origin(house: House, op: Op, headers: dict[str, str]) -> None:
    given = next(targets(house, op, "jinyuan"))
    answer = send(house.client("zhangwei"), op, given, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf"), op.path


@pytest.mark.parametrize("op", [op for op in WALKED if op.gate != Gate.NOBODY], ids=lambda op: op.name)
def test_a_read_only_token_reads(house: House, bearers: dict[tuple[str, bool], httpx.Client], op: Op) -> None:
    for login in ("liuyang", "chenjing"):
        given = next(targets(house, op, "jinyuan"))
        answer = send(bearers[login, True], op, given)
        if op.method in UNSAFE:
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), op.path
        elif op.gate not in set(Gate):
            held = scope_of(caller(house, login), Right(op.gate), datetime.now(UTC))
            pictures = op.gate in (Right.SEE_EVIDENCE, Right.MANAGE_PEOPLE)
            assert (answer.status_code == 403) == (held.empty or pictures), (op.path, answer.text)


def test_until_the_password_is_changed_nothing_else_can_be_done(house: House) -> None:
    house.sql.execute("UPDATE people SET must_change_password = true WHERE login = 'lina'")
    try:
        with httpx.Client(base_url=house.at, timeout=30) as client:
            opened = client.post("/api/v1/session", json={"login": "lina", "password": PASSWORD}).json()
            assert opened["person"]["must_change_password"] is True
            assert opened["scope_places"] == []
            client.headers["X-CSRF-Token"] = opened["csrf"]
            for op in WALKED:
                if op.gate in (Gate.NOBODY, Gate.UNRIPE):
                    continue
                answer = send(client, op, next(targets(house, op, "jinyuan")))
                assert (answer.status_code, answer.json()["code"]) == (403, "must_change_password"), op.path
    finally:
        house.sql.execute("UPDATE people SET must_change_password = false WHERE login = 'lina'")


def test_what_is_not_there_says_so_alike(house: House) -> None:
    client = house.client("zhangwei")
    for path in ("/api/v1/nothing", "/api/nothing", f"/api/v1/queue/{uuid4()}/x/y"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert client.put("/api/v1/queue").json()["code"] == "method_not_allowed"
