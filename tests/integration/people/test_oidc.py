"""Logging in through a real provider, and everything that such a provider, or somebody in its place, can do wrong."""

import base64
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pydantic import SecretStr

from redwhistle.clock import to_ms
from redwhistle.errors import OidcFailed
from server.people.codes import OidcFault
from server.people.oidc import fetching
from server.people.oidc.fetching import Fetcher
from server.people.oidc.pending import LASTS_S
from server.people.oidc.provider import ASK_AGAIN, OidcProvider, OidcSettings
from server.people.people import People
from server.people.records import Identity
from tests.integration.people.conftest import HERE, NOW, WORKER, Make
from tests.integration.people.oidc_provider import CLIENT, SECRET, Claims, Faults, Provider

REDIRECT = "https://rw.example/api/v1/session/oidc/callback"


@pytest.fixture(scope="module")
def one_provider() -> Iterator[Provider]:
    with Provider().running() as running:
        running.now = lambda: to_ms(NOW) // 1000
        yield running


@pytest.fixture
def provider(one_provider: Provider) -> Provider:
    one_provider.faults = Faults()
    one_provider.person = {"sub": "u-17", "preferred_username": "ZhangWei"}
    one_provider.form_secret = False
    one_provider.asked.clear()
    return one_provider


@pytest.fixture
def ours(provider: Provider) -> Iterator[OidcProvider]:
    made = make_ours(provider)
    yield made
    made.close()


def make_ours(provider: Provider, **changes: Any) -> OidcProvider:
    values: dict[str, Any] = {
        "issuer": provider.issuer,
        "client_id": CLIENT,
        "client_secret": SecretStr(SECRET),
        "redirect_url": REDIRECT,
        "name": "统一身份",
    }
    client = httpx.Client(timeout=5, trust_env=False)
    return OidcProvider(OidcSettings(**(values | changes)), Fetcher(client))


def go(provider: Provider, ours: OidcProvider) -> Identity:
    """The whole way of a browser."""
    address, cookie = ours.start(NOW)
    assert address.startswith(f"{provider.issuer}/authorize?")
    return ours.finish(provider.authorize(address), cookie, NOW)


def refused(provider: Provider, ours: OidcProvider) -> str:
    """The code with which the whole way ends."""
    with pytest.raises(OidcFailed) as failed:
        go(provider, ours)
    text = str(failed.value)
    assert SECRET not in text
    assert "http" not in text
    return failed.value.code


@pytest.mark.parametrize("form_secret", [False, True])
def test_somebody_comes_back_as_who_the_provider_says(
    provider: Provider, ours: OidcProvider, form_secret: bool
) -> None:
    provider.form_secret = form_secret
    assert go(provider, ours) == Identity(provider.issuer, "u-17", "ZhangWei")


@pytest.mark.servers
def test_from_the_button_to_a_session(
    provider: Provider, ours: OidcProvider, people: People, make: Make
) -> None:
    made = make("zhangwei", WORKER, password=None)
    opened = people.log_in.by_oidc(go(provider, ours), HERE, "Firefox", NOW)
    caller = people.sessions.authenticate(opened.token.get_secret_value(), NOW)
    assert caller is not None
    assert (caller.person, caller.grants) == (made.id, (WORKER,))
    assert not caller.must_change_password
    assert [one.how for one in people.sessions.list_of(made.id, NOW)] == ["oidc"]
    provider.person = {"sub": "u-18", "preferred_username": "zhangwei"}
    with pytest.raises(OidcFailed) as failed:
        people.log_in.by_oidc(go(provider, ours), HERE, "", NOW)
    assert failed.value.code == OidcFault.NO_ACCOUNT


def test_another_claim_can_hold_the_login(provider: Provider) -> None:
    provider.person = {"sub": "u-17", "staff": "li.na"}
    ours = make_ours(provider, login_claim="staff")
    assert go(provider, ours).login == "li.na"
    provider.person["staff"] = ["li.na"]
    assert go(provider, ours).login is None
    ours.close()


def test_a_code_is_good_for_one_time(provider: Provider, ours: OidcProvider) -> None:
    address, cookie = ours.start(NOW)
    back = provider.authorize(address)
    ours.finish(back, cookie, NOW)
    with pytest.raises(OidcFailed) as failed:
        ours.finish(back, cookie, NOW)
    assert failed.value.code == OidcFault.STALE


def test_only_the_browser_that_began_can_end_and_only_in_time(provider: Provider, ours: OidcProvider) -> None:
    address, cookie = ours.start(NOW)
    back = provider.authorize(address)
    other_address, other_cookie = ours.start(NOW)
    other = provider.authorize(other_address)
    late = NOW + timedelta(seconds=LASTS_S + 1)
    asked = len(provider.asked)
    for query, kept, now in [
        (back, None, NOW),
        (back, "", NOW),
        (back, cookie[:-2], NOW),
        (back, "x" * 5000, NOW),
        (back, other_cookie, NOW),
        (back, cookie, late),
        ({**back, "state": other["state"]}, cookie, NOW),
        ({**back, "state": ""}, cookie, NOW),
        ({name: text for name, text in back.items() if name != "state"}, cookie, NOW),
        ({**back, "iss": "https://evil.example"}, cookie, NOW),
        ({name: text for name, text in back.items() if name != "iss"}, cookie, NOW),
    ]:
        with pytest.raises(OidcFailed) as failed:
            ours.finish(query, kept, now)
        assert failed.value.code == OidcFault.STALE
    assert len(provider.asked) == asked, "nothing of this reaches the provider"
    with pytest.raises(OidcFailed) as injected:  # the other browser's code, in this browser's log-in
        ours.finish({**back, "code": other["code"]}, cookie, NOW)
    assert injected.value.code == OidcFault.STALE


def test_a_refusal_of_the_provider_is_said(provider: Provider, ours: OidcProvider) -> None:
    provider.faults.query = lambda query: {
        "error": "access_denied",
        "state": query["state"],
        "iss": query["iss"],
    }
    assert refused(provider, ours) == OidcFault.REFUSED
    provider.faults.query = lambda query: {"state": query["state"], "iss": query["iss"]}
    assert refused(provider, ours) == OidcFault.REFUSED


def without(name: str) -> Any:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def replaced(**changes: Any) -> Any:
    return lambda claims: {**claims, **changes}


SECONDS = to_ms(NOW) // 1000


@pytest.mark.parametrize(
    "change",
    [
        replaced(nonce="another"),
        replaced(nonce=["another"]),
        replaced(nonce=None),
        without("nonce"),
        replaced(iss="https://evil.example"),
        replaced(iss=None),
        without("iss"),
        replaced(aud="somebody-else"),
        replaced(aud=["somebody-else"]),
        replaced(aud=[]),
        replaced(aud=[CLIENT, "somebody-else"]),
        replaced(aud={"x": 1}),
        without("aud"),
        replaced(azp="somebody-else"),
        replaced(exp=SECONDS - 61),
        replaced(exp="tomorrow"),
        replaced(exp=True),
        without("exp"),
        replaced(iat=SECONDS + 120),
        without("iat"),
        replaced(nbf=SECONDS + 120),
        without("sub"),
        replaced(sub=""),
        replaced(sub=17),
        replaced(sub="x" * 256),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(provider: Provider, ours: OidcProvider, change: Any) -> None:
    provider.faults.claims = change
    assert refused(provider, ours) == OidcFault.TOKEN


@pytest.mark.parametrize(
    "change", [replaced(aud=[CLIENT]), replaced(aud=[CLIENT, "x"], azp=CLIENT), replaced(exp=SECONDS - 30)]
)
def test_a_token_that_is_right_in_another_way_is_taken(
    provider: Provider, ours: OidcProvider, change: Any
) -> None:
    provider.faults.claims = change
    assert go(provider, ours).subject == "u-17"


def unsigned(token: str) -> str:
    return f"{_part({'alg': 'none'})}.{token.split('.')[1]}."


def _part(header: Claims) -> str:
    return base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()


def test_a_token_that_is_not_signed_by_the_provider_is_refused(
    provider: Provider, ours: OidcProvider
) -> None:
    forger = RSAKey.generate_key(2048, auto_kid=True)
    forger_kid = {"alg": "RS256", "kid": provider.key.kid}

    def claims_of(token: str) -> Claims:
        return dict(jwt.decode(token, provider.key, algorithms=["RS256"]).claims)

    def changed(token: str) -> str:
        head, _, sign = token.split(".")
        other = provider.sign({**claims_of(token), "sub": "admin"}).split(".")[1]
        return f"{head}.{other}.{sign}"

    def by_public_key(token: str) -> str:
        head = _part({"alg": "HS256", "kid": provider.key.kid})
        text = f"{head}.{token.split('.')[1]}"
        signed = hmac.digest(provider.key.as_pem(private=False), text.encode(), "sha256")
        return f"{text}.{base64.urlsafe_b64encode(signed).rstrip(b'=').decode()}"

    def by_secret(token: str) -> str:
        key = OctKey.import_key(SECRET)
        return jwt.encode({"alg": "HS256"}, claims_of(token), key, algorithms=["HS256"])

    forgeries: list[Callable[[str], object]] = [
        unsigned,
        changed,
        lambda token: jwt.encode(forger_kid, claims_of(token), forger, algorithms=["RS256"]),
        by_public_key,
        by_secret,
        lambda token: token + "x",
        lambda token: token.rsplit(".", 1)[0],
        lambda token: token * 100,
        lambda _: "",
        lambda _: None,
        lambda _: {"alg": "none"},
    ]
    for forge in forgeries:
        provider.faults.token = forge
        assert refused(provider, ours) == OidcFault.TOKEN


def test_the_provider_may_change_its_key_and_a_forger_does_not_make_us_ask_on_and_on(
    provider: Provider, ours: OidcProvider
) -> None:
    go(provider, ours)
    old, provider.key = provider.key, RSAKey.generate_key(2048, auto_kid=True)
    try:
        assert refused(provider, ours) == OidcFault.TOKEN
        assert provider.asked.count("/realm/keys") == 1
        address, cookie = ours.start(NOW)
        later = NOW + ASK_AGAIN
        assert ours.finish(provider.authorize(address), cookie, later).subject == "u-17"
        assert provider.asked.count("/realm/keys") == 2
    finally:
        provider.key = old


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/realm/.well-known/openid-configuration", 500, b"{}"),
        ("/realm/.well-known/openid-configuration", 302, b"{}"),
        ("/realm/.well-known/openid-configuration", 200, b"<html>"),
        ("/realm/.well-known/openid-configuration", 200, b"[]"),
        ("/realm/.well-known/openid-configuration", 200, b"{}"),
        ("/realm/.well-known/openid-configuration", 200, b" " * (fetching.MAX_BYTES + 1)),
        ("/realm/token", 500, b"{}"),
        ("/realm/token", 302, b"{}"),
        ("/realm/token", 200, b"<html>"),
        ("/realm/token", 200, b"[]"),
        ("/realm/token", 400, b'{"error": "invalid_client"}'),
        ("/realm/token", 400, b'{"error": ["x"]}'),
        ("/realm/token", 200, b" " * (fetching.MAX_BYTES + 1)),
        ("/realm/keys", 500, b"{}"),
        ("/realm/keys", 200, b"<html>"),
    ],
)
def test_a_provider_that_does_not_work_is_said_to_be_so(
    provider: Provider, ours: OidcProvider, path: str, status: int, body: bytes
) -> None:
    provider.faults.raw[path] = (status, body)
    assert refused(provider, ours) == OidcFault.PROVIDER
    provider.faults.raw.clear()
    go(provider, ours)  # it works again as soon as the provider does


@pytest.mark.parametrize(
    "body", [b"{}", b'{"keys": []}', b'{"keys": [{"kty": "RSA", "n": 1}]}', b'{"keys": 1}']
)
def test_keys_that_are_none_vouch_for_nothing(provider: Provider, ours: OidcProvider, body: bytes) -> None:
    provider.faults.raw["/realm/keys"] = (200, body)
    assert refused(provider, ours) == OidcFault.TOKEN


@pytest.mark.parametrize(
    "change",
    [
        replaced(issuer="https://evil.example"),
        without("issuer"),
        replaced(token_endpoint="http://id.example/token"),
        replaced(token_endpoint=None),
        replaced(jwks_uri="file:///etc/passwd"),
        replaced(authorization_endpoint="https://[x"),
    ],
)
def test_a_description_that_does_not_hold_is_not_believed(
    provider: Provider, ours: OidcProvider, change: Any
) -> None:
    provider.faults.metadata = change
    assert refused(provider, ours) == OidcFault.PROVIDER


def test_a_provider_that_is_not_there_is_said_to_be_so() -> None:
    ours = OidcProvider(
        OidcSettings("http://127.0.0.1:9", CLIENT, SecretStr(SECRET), REDIRECT, "x"),
        Fetcher(httpx.Client(trust_env=False)),
    )
    with pytest.raises(OidcFailed) as failed:
        ours.start(NOW)
    assert failed.value.code == OidcFault.PROVIDER
    ours.close()


def test_a_provider_that_hangs_takes_a_few_threads_only(provider: Provider) -> None:
    fetcher = Fetcher(httpx.Client(trust_env=False))
    for _ in range(fetching.AT_ONCE):
        assert fetcher._turn.acquire(blocking=False)
    with pytest.raises(OidcFailed):
        fetcher.get_object(provider.issuer)
    fetcher.close()
