"""The layers around the routes, one by one, over plain ASGI."""

import asyncio
import ipaddress
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.api.middleware.bodies import Bodies
from server.api.middleware.headers import SecureHeaders, content_security_policy
from server.api.middleware.hosts import KnownHosts
from server.api.middleware.proxies import TrustedProxies
from server.api.middleware.rates import AddressLimit
from server.api.middleware.requests import Requests
from server.api.rates import Rates, network_of


class Answer:
    """What came out: status, headers, body; `seen` is the scope that the application saw, None if it was not asked."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.seen: dict[str, Any] | None = None
        self.read = b""

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["code"])


def ask(
    wrap: Callable[[ASGIApp], ASGIApp],
    *,
    method: str = "GET",
    path: str = "/api/v1/queue",
    headers: Iterable[tuple[str, str]] = (),
    client: str = "192.0.2.1",
    body: Iterable[bytes] = (b"",),
    stall: bool = False,
    fail: bool = False,
) -> Answer:
    """One request through the layer to an application that answers 200 with an empty JSON object."""
    answer = Answer()
    parts = list(body)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        answer.seen = dict(scope)
        if fail:
            raise RuntimeError("a fault")
        message = await receive()
        answer.read = message.get("body", b"")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def receive() -> Message:
        if stall and len(parts) == 1:
            await asyncio.sleep(3600)
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "scheme": "http",
        "server": ("127.0.0.1", 8080),
        "client": (client, 1234),
        "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers],
    }
    layer: Callable[[Scope, Receive, Send], Awaitable[None]] = wrap(app)
    asyncio.run(layer(scope, receive, send))  # type: ignore[arg-type]
    return answer


def proxies(*networks: str) -> Callable[[ASGIApp], ASGIApp]:
    return lambda app: TrustedProxies(app, [ipaddress.ip_network(one) for one in networks])


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),  # nobody we trust
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7, 203.0.113.9", "203.0.113.9"),  # the left one was written by the client
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),  # two proxies of ours
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.0.0.1", "203.0.113.9, unknown", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_only_trusted_proxies_name_the_client(peer: str, told: str, client: str) -> None:
    answer = ask(proxies("10.0.0.0/8"), client=peer, headers=[("X-Forwarded-For", told)])
    assert answer.seen is not None
    assert answer.seen["client"][0] == client


def test_the_scheme_is_the_nearest_proxys() -> None:
    told = [("X-Forwarded-Proto", "http,https")]
    assert ask(proxies("10.0.0.0/8"), client="10.0.0.1", headers=told).seen["scheme"] == "https"  # type: ignore[index]
    assert ask(proxies("10.0.0.0/8"), client="192.0.2.1", headers=told).seen["scheme"] == "http"  # type: ignore[index]


@given(st.text(st.characters(max_codepoint=255), max_size=200))
def test_any_forwarded_header_gives_an_address(text: str) -> None:
    answer = ask(proxies("10.0.0.0/8"), client="10.0.0.1", headers=[("X-Forwarded-For", text)])
    assert answer.seen is not None
    ipaddress.ip_address(answer.seen["client"][0])


def bodies(most: int = 10, within_s: float = 5.0) -> Callable[[ASGIApp], ASGIApp]:
    return lambda app: Bodies(app, most, within_s)


def test_a_body_is_read_whole() -> None:
    assert ask(bodies(), method="POST", body=[b"123", b"45"]).read == b"12345"


@pytest.mark.parametrize("length", ["11", "-1", "1e3", "99999999999999999999", "²"])
def test_a_length_that_is_too_large_or_none_is_refused_unread(length: str) -> None:
    answer = ask(bodies(), method="POST", headers=[("Content-Length", length)])
    assert (answer.status, answer.code, answer.seen) == (413, "too_large", None)
    assert answer.headers["connection"] == "close"


def test_a_chunked_body_is_counted() -> None:
    answer = ask(bodies(), method="POST", body=[b"123456", b"123456", b"never read"])
    assert (answer.status, answer.code, answer.seen) == (413, "too_large", None)


def test_a_body_that_does_not_come_is_given_up() -> None:
    answer = ask(bodies(within_s=0.05), method="POST", body=[b"1", b"2"], stall=True)
    assert (answer.status, answer.code, answer.seen) == (408, "too_slow", None)


def hosts(*names: str, origins: Iterable[str] = ()) -> Callable[[ASGIApp], ASGIApp]:
    return lambda app: KnownHosts(app, names or None, list(origins))


@pytest.mark.parametrize(
    ("host", "status"),
    [("rw.example", 200), ("RW.example:8080", 200), ("evil.example", 422), ("", 422), ("[::1]:80", 200)],
)
def test_only_known_names_are_answered(host: str, status: int) -> None:
    assert ask(hosts("rw.example", "::1"), headers=[("Host", host)]).status == status


def test_health_is_answered_under_any_name() -> None:
    assert ask(hosts("rw.example"), path="/healthz", headers=[("Host", "10.1.2.3")]).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 200),  # a program, no browser
        ([("Origin", "http://rw.example")], 200),
        ([("Origin", "https://rw.example")], 200),  # TLS ends at a proxy
        ([("Origin", "http://rw.example:81")], 403),
        ([("Origin", "null")], 403),
        ([("Origin", "https://evil.example")], 403),
        ([("Sec-Fetch-Site", "same-origin")], 200),
        ([("Sec-Fetch-Site", "none")], 200),
        ([("Sec-Fetch-Site", "same-site")], 403),
        ([("Sec-Fetch-Site", "cross-site"), ("Origin", "http://rw.example")], 403),
    ],
)
def test_changes_come_from_our_own_pages(headers: list[tuple[str, str]], status: int) -> None:
    told = [("Host", "rw.example"), *headers]
    assert ask(hosts("rw.example"), method="POST", headers=told).status == status
    assert ask(hosts("rw.example"), method="GET", headers=told).status == 200


def test_an_address_that_asks_too_often_waits() -> None:
    rates = Rates(per_account=1000, per_address=3)
    answers = [ask(lambda app: AddressLimit(app, rates)) for _ in range(4)]
    assert [one.status for one in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60
    assert ask(lambda app: AddressLimit(app, rates), client="192.0.2.2").status == 200
    assert ask(lambda app: AddressLimit(app, rates), path="/healthz").status == 200


def test_an_account_that_asks_too_often_waits() -> None:
    rates = Rates(per_account=2, per_address=1000)
    assert [rates.hit_account("a") is None for _ in range(3)] == [True, True, False]
    assert rates.hit_account("b") is None


def test_one_line_is_one_address() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff")
    assert network_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert network_of("nonsense") == "nonsense"


def test_every_answer_has_the_secure_headers() -> None:
    answer = ask(lambda app: SecureHeaders(app, map_tiles_url=None, secure=True))
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    for name in ("script", "style", "font", "connect", "worker", "manifest"):
        assert policy[f"{name}-src"] == "'self'"
    assert policy["img-src"] == "'self' data: blob:"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert answer.headers["cache-control"] == "no-store"
    plain = ask(lambda app: SecureHeaders(app, map_tiles_url=None, secure=False))
    assert "strict-transport-security" not in plain.headers


def test_only_the_origin_of_a_tile_server_joins_the_policy() -> None:
    policy = content_security_policy("https://tiles.example:8443/a/{z}/{x}/{y}.png?key=1")
    assert "connect-src 'self' https://tiles.example:8443;" in policy


def test_a_fault_is_answered_without_detail() -> None:
    answer = ask(Requests, fail=True)
    assert (answer.status, answer.code) == (500, "internal")
    assert "a fault of the server" in json.loads(answer.body)["detail"]
    assert json.loads(answer.body)["request_id"] == answer.headers["x-request-id"]


def test_a_request_id_is_taken_over_only_when_plain() -> None:
    assert ask(Requests, headers=[("X-Request-Id", "abc-12345")]).headers["x-request-id"] == "abc-12345"
    assert ask(Requests, headers=[("X-Request-Id", "a b\x0b")]).headers["x-request-id"] != "a b\x0b"
