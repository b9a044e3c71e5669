"""To the box's HTTP door for gates, signed or with its token, as the configuration says."""

import http.client
from http import HTTPStatus
from ipaddress import ip_address

from edge.agent.sources.gate_http import sign
from edge.agent.sources.gate_settings import GateHttpSettings
from redwhistle.errors import SimulationError

_WITHIN_S = 10.0
_SAY = {
    HTTPStatus.UNAUTHORIZED: "the secret or this machine's clock differs from the box's",
    HTTPStatus.NOT_FOUND: "it has another prefix: is this the configuration it runs with?",
    HTTPStatus.CONFLICT: "this very message was kept before",
    HTTPStatus.SERVICE_UNAVAILABLE: "it cannot keep it now: try again",
}


def reachable(listen: str) -> str:
    """Where something that listens on this address is reached from its own machine."""
    address = ip_address(listen)
    if not address.is_unspecified:
        return listen
    return "127.0.0.1" if address.version == 4 else "::1"


def post(door: GateHttpSettings, path: str, body: str, now_ms: int) -> str:
    """Returns when the box has kept it. `now_ms`: wall time, ms since 1970. Raises SimulationError."""
    secret = _read_secret(door)
    data = body.encode()
    if door.auth == "token":
        headers = {"Authorization": f"Bearer {secret}"}
    else:
        said_at = str(now_ms)
        headers = {
            "X-RedWhistle-Time": said_at,
            "X-RedWhistle-Signature": sign(secret.encode(), said_at, path, data),
        }
    where = f"the box's door {door.listen}:{door.port}"
    connection = http.client.HTTPConnection(reachable(str(door.listen)), door.port, timeout=_WITHIN_S)
    try:
        connection.request("POST", path, data, {"Content-Type": "application/json", **headers})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise SimulationError(f"{where} cannot be reached ({error}): does the box run?") from None
    finally:
        connection.close()
    if status != HTTPStatus.NO_CONTENT:
        raise SimulationError(
            f"{where} answers {status}: {_SAY.get(HTTPStatus(status), 'not a gate message')}"
        )
    return "kept by the box (204)"


def _read_secret(door: GateHttpSettings) -> str:
    try:
        with door.secret_file.open(encoding="utf-8") as file:
            return file.readline(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SimulationError(
            f"{door.secret_file}: the secret cannot be read ({error}): run as the box's user"
        ) from None
