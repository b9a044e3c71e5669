"""Whether an ID token holds: signed by the provider's key, for us, for this very log-in, and in its time."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from redwhistle.clock import to_ms
from redwhistle.errors import OidcFailed
from redwhistle.logs import get_logger
from server.people.codes import OidcFault

log = get_logger(part="people")

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures by a key that only the provider has. Neither `none` nor one with a shared secret, whatever the header says."""
LEEWAY_S = 60
MAX_TOKEN = 64 * 1024
MAX_SUBJECT = 255


class UnknownKey(Exception):
    """Signed by a key that is not among those known: the provider may have changed its keys."""


def read_keys(document: Mapping[str, Any]) -> KeySet:
    """The provider's keys; raise OidcFailed for a document that holds none."""
    try:
        return KeySet.import_key_set(document)  # type: ignore[arg-type]  # checked while it is read
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _broken(f"keys: {type(error).__name__}") from error


def check_id_token(
    token: object, keys: KeySet, *, issuer: str, client_id: str, nonce: str, now: datetime
) -> Mapping[str, Any]:
    """The claims of a token that holds. Raise OidcFailed (`token`) for any other, UnknownKey for one signed by another key."""
    if not isinstance(token, str) or len(token) > MAX_TOKEN or not token.isascii():
        raise _broken("there is none")
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    try:
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS, registry=registry).claims
    except InvalidKeyIdError as error:
        raise UnknownKey from error
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _broken(type(error).__name__) from error
    times = jwt.JWTClaimsRegistry(
        now=to_ms(now) // 1000,
        leeway=LEEWAY_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        times.validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise _broken(f"{type(error).__name__}: {getattr(error, 'claim', '')}") from error
    _check_rest(claims, client_id, nonce)
    return claims


def _check_rest(claims: Mapping[str, Any], client_id: str, nonce: str) -> None:
    party = claims.get("azp")
    if party is not None and party != client_id:
        raise _broken("azp: made for another client")
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and party is None:
        raise _broken("azp: several audiences, and it does not say for which")
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(
        said.encode("utf-8", "surrogatepass"), nonce.encode("utf-8")
    ):
        raise _broken("nonce: made for another log-in")
    if len(claims["sub"]) > MAX_SUBJECT:
        raise _broken("sub: too long")


def _broken(why: str) -> OidcFailed:
    log.warning("oidc_token_refused", why=why[:300])
    return OidcFailed(
        OidcFault.TOKEN, "what the identity provider vouches with does not hold: begin the log-in again"
    )
