"""The application: all routes, the document that describes them, and how errors are answered."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.types import Lifespan

from redwhistle import __version__
from server.api import failures
from server.api.gate import PREFIX, check_gates
from server.api.ports import Doors
from server.api.routes import alerts, devices, me, people, places, queue, service, session, stream
from server.api.schemas.problem import Problem

ROUTERS = (
    session.router,
    me.router,
    people.router,
    people.audit,
    places.router,
    devices.router,
    alerts.router,
    queue.router,
    stream.router,
    service.router,
)
ABOUT = """Who may see what is decided by roles bound to a place of the tree or to a property company.

Log in with `POST /session` (cookie; changes need `X-CSRF-Token`), or send an API token as `Authorization: Bearer …`.
Refusals are `application/problem+json` with a stable `code`. Lists are paged: give `next` back as `cursor`.
Times are RFC 3339 in UTC. What cannot be seen and what does not exist are answered alike.
"""


def create_app(doors: Doors | None = None, lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """The application over these doors; without any it can only describe itself."""
    app = FastAPI(
        title="RedWhistle",
        version=__version__,
        openapi_url=None,  # written by us, with all schemas
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        lifespan=lifespan,
    )
    for router in ROUTERS:
        router.install(app, PREFIX)
    service.service.install(app)
    check_gates(app)
    failures.install(app)
    app.state.doors = doors
    return app


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document."""
    document = get_openapi(
        title="RedWhistle",
        version=__version__,
        summary="Sensors in residential compounds blow the whistle; grid workers report in.",
        description=ABOUT,
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    schemas = document["components"]["schemas"]
    for model in (Problem, *stream.MODELS):
        found = model.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        for name, part in found.pop("$defs", {}).items():
            schemas.setdefault(name, part)
        schemas[model.__name__] = found
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    document["components"]["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": "rw_session"},
        "token": {"type": "http", "scheme": "bearer"},
    }
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return document
