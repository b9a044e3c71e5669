"""Parts of the log-in through a provider that need none: addresses, the sealed cookie, tokens of every kind."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from redwhistle.clock import to_ms
from redwhistle.errors import OidcFailed
from server.people.oidc import id_token
from server.people.oidc.fetching import check_url
from server.people.oidc.id_token import UnknownKey, check_id_token, read_keys
from server.people.oidc.pending import Seal, new_pending

NOW = datetime(2026, 5, 24, 6, 0, tzinfo=UTC)
SECONDS = to_ms(NOW) // 1000
SECRET = "a secret"
Claims = dict[str, Any]


@pytest.mark.parametrize(
    "url", ["https://id.example/x", "http://127.0.0.1:1/x", "http://[::1]/", "http://localhost/"]
)
def test_addresses_that_are_asked(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    ["http://id.example", "ftp://127.0.0.1", "https://", "", "//id.example", "http://127.0.0.1.evil.example"],
)
def test_addresses_that_are_not_asked(url: str) -> None:
    with pytest.raises(OidcFailed):
        check_url(url)


SEAL = Seal(SecretStr(SECRET))


def test_what_is_sealed_shows_nothing_and_opens_for_its_own_secret_alone() -> None:
    pending = new_pending()
    cookie = SEAL.close(pending, NOW)
    assert pending.verifier not in cookie
    assert SEAL.open(cookie, NOW) == pending
    assert Seal(SecretStr(SECRET)).open(cookie, NOW) == pending
    assert Seal(SecretStr("another")).open(cookie, NOW) is None


@given(st.text())
def test_no_other_text_opens(text: str) -> None:
    assert SEAL.open(text, NOW) is None


KEY = RSAKey.generate_key(2048, auto_kid=True)
KEYS = read_keys({"keys": [KEY.as_dict(private=False)]})


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
@settings(max_examples=200)
def test_no_text_is_a_token(text: str) -> None:
    with pytest.raises((OidcFailed, UnknownKey)):
        check_id_token(text, KEYS, issuer="i", client_id="c", nonce="n", now=NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["iss", "aud", "sub", "exp", "iat", "nbf", "nonce", "azp", "jti", "x"])


@pytest.mark.slow
@given(st.dictionaries(NAMES, JSON))
@settings(max_examples=150)
def test_signed_claims_of_any_kind_hold_only_if_they_are_right(changes: Claims) -> None:
    right = {"iss": "i", "aud": "c", "sub": "s", "exp": SECONDS + 9, "iat": SECONDS, "nonce": "n"}
    claims = json.loads(json.dumps({**right, **changes}))
    text = jwt.encode({"alg": "RS256", "kid": KEY.kid}, claims, KEY, algorithms=["RS256"])
    try:
        held = check_id_token(text, KEYS, issuer="i", client_id="c", nonce="n", now=NOW)
    except OidcFailed:
        return
    assert (held["iss"], held["nonce"]) == ("i", "n")
    assert held["aud"] == "c" or "c" in held["aud"]
    assert isinstance(held["sub"], str)
    assert held["exp"] > SECONDS - id_token.LEEWAY_S


@given(JSON)
def test_no_document_breaks_the_reading_of_keys(document: Any) -> None:
    given_ = document if isinstance(document, dict) else {"keys": document}
    with suppress(OidcFailed):
        read_keys(given_)
