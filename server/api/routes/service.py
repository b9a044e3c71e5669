"""The service about itself: words, health, readiness, metrics, what a problem's code means."""

import hmac
import ipaddress
from typing import Annotated

from fastapi import Path, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse

from redwhistle import __version__
from server.api.gate import DoorsHere, Gate, Router, address_of
from server.api.problems import STATUS, Code, ProblemError
from server.api.schemas.service import Health, Part, Readiness, WordPair, Words
from server.catalogue import CATALOGUE, PROBLEMS

router = Router("service")
service = Router("service")


@router.route("GET", "/words", "get_words", Gate.NOBODY, response_model=Words)
def get_words() -> Words:
    """The words for all codes in Chinese and English."""
    return Words(
        words={
            group: {code: WordPair(zh=pair[0], en=pair[1]) for code, pair in codes.items()}
            for group, codes in CATALOGUE.items()
        }
    )


@service.route("GET", "/healthz", "healthz", Gate.NOBODY, response_model=Health)
def healthz() -> Health:
    """The process lives."""
    return Health(status="ok", version=__version__)


@service.route(
    "GET",
    "/readyz",
    "readyz",
    Gate.NOBODY,
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Something is not ready"}},
)
def readyz(doors: DoorsHere) -> Response:
    """Whether this process can serve: the database answers and has this program's schema."""
    parts = [Part(**part) for part in doors.health.parts()]
    ready = all(part.ready for part in parts)
    shown = Readiness(ready=ready, parts=parts, server_time=doors.clock.now())
    return JSONResponse(shown.model_dump(mode="json"), status_code=200 if ready else 503)


@service.route(
    "GET",
    "/metrics",
    "metrics",
    Gate.NOBODY,
    problems=(Code.FORBIDDEN,),
    response_class=PlainTextResponse,
)
def metrics(request: Request, doors: DoorsHere) -> Response:
    """Figures for Prometheus: from this machine, or with the token that the operator has set."""
    token = doors.settings.metrics_token
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    known = (
        token is not None
        and scheme.lower() == "bearer"
        and hmac.compare_digest(given.encode(), token.encode())
    )
    here = _is_loopback(address_of(request)) and not _came_through_a_proxy(request)
    if not known and not here:
        raise ProblemError(
            Code.FORBIDDEN, "metrics are for this machine, or for who has REDWHISTLE_METRICS_TOKEN"
        )
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@service.route(
    "GET",
    "/problems/{code}",
    "describe_problem",
    Gate.NOBODY,
    problems=(Code.NOT_FOUND,),
    response_class=PlainTextResponse,
)
def describe_problem(code: Annotated[Code, Path()]) -> str:
    """What a problem's code means, in both languages."""
    zh, en = PROBLEMS[code]
    return f"{code} ({STATUS[code]})\n{zh}\n{en}\n"


def _came_through_a_proxy(request: Request) -> bool:
    """Whether a proxy says that it asks for somebody else. One on this machine that is not in REDWHISTLE_TRUSTED_PROXIES
    makes everybody look like this machine. (A trusted one has told already who asks: see `TrustedProxies`.)"""
    return any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip", "via"))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
