"""A loudspeaker or siren in the network that is told by HTTP."""

import json
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

from edge.agent.actuators.settings import HttpSpeakerSettings
from edge.agent.actuators.speaking import texts_of
from edge.agent.filepaths import read_secret
from edge.agent.orders import Act, Order
from redwhistle.errors import ActuatorError

_MOST_ANSWER_BYTES = 64 * 1024


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A speaker that sends us elsewhere is not the one that was configured."""

    def redirect_request(self, *_: Any) -> None:
        return None


class HttpSpeaker:
    """Implements `ports.Actuator`. No proxy, no redirect, an end after `timeout_s`."""

    def __init__(self, settings: HttpSpeakerSettings) -> None:
        self._settings = settings
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())

    @property
    def device(self) -> str:
        return self._settings.device

    def apply(self, order: Order) -> None:
        settings = self._settings
        if order.act is Act.OFF:
            self._send(_fill(settings.off_body, "", "", ""))
            return
        if order.act is Act.ON:
            self._send(_fill(settings.on_body, order.message or "", order.text or "", ""))
            return
        if order.text is None and not settings.texts:
            # It has recordings of its own, under the message's name.
            drill = "drill-" if order.exercise is not None else ""
            for language in order.languages or settings.languages or ("",):
                self._send(_fill(settings.on_body, f"{drill}{order.message}", "", language))
            return
        for language, text in texts_of(order, settings.texts, settings.languages).items():
            self._send(_fill(settings.on_body, order.message or "", text, language))

    def tend(self) -> None:
        """Nothing: it repeats by itself, or not."""

    def close(self) -> None:
        """Nothing is kept open."""

    def _send(self, body: dict[str, str | int | float | bool]) -> None:
        settings = self._settings
        request = urllib.request.Request(  # noqa: S310 (http and https only: the settings see to it)
            settings.url,
            data=json.dumps(body, ensure_ascii=False).encode(),
            method=settings.method,
            headers={"Content-Type": "application/json"},
        )
        try:
            if settings.token_file is not None:
                request.add_header("Authorization", f"Bearer {read_secret(settings.token_file)}")
            with self._opener.open(request, timeout=settings.timeout_s) as answer:
                answer.read(_MOST_ANSWER_BYTES)
        except urllib.error.HTTPError as error:
            error.close()
            raise ActuatorError(
                f"{self.device}: the speaker answers {error.code}: check its address and its token"
            ) from None
        except (OSError, HTTPException, ValueError) as error:
            raise ActuatorError(
                f"{self.device}: the speaker cannot be reached ({type(error).__name__}): check cable and power"
            ) from None


def _fill(
    body: dict[str, str | int | float | bool], message: str, text: str, language: str
) -> dict[str, str | int | float | bool]:
    words = {"{message}": message, "{text}": text, "{language}": language}
    filled = {}
    for key, value in body.items():
        if isinstance(value, str):
            for name, word in words.items():
                value = value.replace(name, word)
        filled[key] = value
    return filled
