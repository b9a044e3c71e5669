"""What a provider says of itself (OpenID Connect Discovery 1.0), checked before it is believed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.people.oidc.fetching import check_url, unusable


@dataclass(frozen=True, slots=True)
class Metadata:
    """The addresses of a provider, and how it wants to be spoken to."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    secret_in_body: bool
    """The client's secret goes into the form instead of the header."""
    names_itself: bool
    """Its answers always carry `iss` (RFC 9207)."""


def address_of_metadata(issuer: str) -> str:
    """Where a provider describes itself."""
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def read_metadata(document: Mapping[str, Any], issuer: str) -> Metadata:
    """Raise OidcFailed unless the document is this issuer's and has what is needed."""
    if document.get("issuer") != issuer:
        raise unusable("its description names another issuer than the one set")
    methods = document.get("token_endpoint_auth_methods_supported")
    in_header = not isinstance(methods, list) or "client_secret_basic" in methods
    return Metadata(
        authorization_endpoint=_address(document, "authorization_endpoint"),
        token_endpoint=_address(document, "token_endpoint"),
        jwks_uri=_address(document, "jwks_uri"),
        secret_in_body=not in_header,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _address(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise unusable(f"its description has no {name}")
    return check_url(value)
