"""A small OpenID Connect provider on 127.0.0.1: authorization code with PKCE, RS256, keys at an address. For tests.

It checks what a provider has to check, and can be told to do wrong: `provider.faults` change what it answers.
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "redwhistle"
SECRET = "a secret: with + signs & more"
Claims = dict[str, Any]


@dataclass
class Faults:
    """What the provider does wrong; nothing unless told."""

    metadata: Callable[[Claims], Claims] = lambda document: document
    claims: Callable[[Claims], Claims] = lambda claims: claims
    token: Callable[[str], object] = lambda token: token
    query: Callable[[dict[str, str]], dict[str, str]] = lambda query: query
    raw: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Path → status and body, whatever was asked."""


@dataclass
class _Code:
    redirect_uri: str
    challenge: str
    nonce: str


class Provider:
    """One issuer with one client and one person who is always logged in."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, auto_kid=True)
        self.faults = Faults()
        self.person: Claims = {"sub": "u-17", "preferred_username": "zhangwei"}
        self.redirect_uris = {"https://rw.example/api/v1/session/oidc/callback"}
        self.now: Callable[[], int] = lambda: 0
        self.asked: list[str] = []
        self.form_secret = False
        self._codes: dict[str, _Code] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/realm"

    def authorize(self, address: str) -> dict[str, str]:
        """What a browser does with the address: follow it, and give the query of the redirect back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["redirect_uri"] in self.redirect_uris
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = _Code(query["redirect_uri"], query["code_challenge"], query["nonce"])
        back = self.faults.query({"code": code, "state": query["state"], "iss": self.issuer})
        target = urlsplit(f"{query['redirect_uri']}?{urlencode(back)}")
        return {name: values[0] for name, values in parse_qs(target.query).items()}

    def answer(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, object]:
        """Status and JSON for one request."""
        self.asked.append(path)
        match path:
            case "/realm/.well-known/openid-configuration":
                return 200, self.faults.metadata(self._metadata())
            case "/realm/keys":
                return 200, {"keys": [self.key.as_dict(private=False)]}
            case "/realm/token":
                return self._token(form, authorization)
        return 404, {"error": "not_found"}

    def sign(self, claims: Claims, *, alg: str = "RS256", key: Any = None) -> str:
        """A token with these claims."""
        signer = key or self.key
        return jwt.encode({"alg": alg, "kid": signer.kid}, claims, signer, algorithms=[alg])

    def _metadata(self) -> Claims:
        method = "client_secret_post" if self.form_secret else "client_secret_basic"
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "token_endpoint_auth_methods_supported": [method],
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, object]:
        if self.form_secret:
            known = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        else:
            text = base64.b64decode(authorization.removeprefix("Basic ")).decode()
            user, _, password = text.partition(":")
            known = (unquote_plus(user), unquote_plus(password)) == (CLIENT, SECRET)
            known = known and "client_secret" not in form
        if not known:
            return 401, {"error": "invalid_client"}
        code = self._codes.pop(form.get("code", ""), None)  # good for one time
        made = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(made).rstrip(b"=").decode()
        if (
            code is None
            or form.get("grant_type") != "authorization_code"
            or code.challenge != challenge
            or code.redirect_uri != form.get("redirect_uri")
        ):
            return 400, {"error": "invalid_grant"}
        now = self.now()
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": code.nonce}
        token = self.faults.token(self.sign(self.faults.claims({**claims, **self.person})))
        return 200, {"access_token": "x", "token_type": "Bearer", "expires_in": 300, "id_token": token}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer({})

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                self._answer({name: values[0] for name, values in parse_qs(text).items()})

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Nothing to the terminal."""

            def _answer(self, form: dict[str, str]) -> None:
                status, answer = provider.answer(self.path, form, self.headers.get("authorization", ""))
                body = json.dumps(answer).encode()
                if self.path in provider.faults.raw:
                    status, body = provider.faults.raw[self.path]
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                if 300 <= status < 400:
                    self.send_header("location", f"{provider.issuer}/elsewhere")
                self.end_headers()
                self.wfile.write(body)

        return Handler

    @contextmanager
    def running(self) -> Iterator["Provider"]:
        """Serve until the end of the `with`."""
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
