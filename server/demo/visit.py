"""What `--check` does at the console's doors, as two workers of one grid would: over HTTP, with cookies and a live stream."""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx

from redwhistle.errors import Unavailable
from server.demo_logins import DemoLogin

REASON = "灶上锅烧干，已处理"
"""Why the check closes its alarm: a pot burnt dry on the stove."""
_API = "/api/v1"
_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a live stream."""

    event: str
    data: Any


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """The messages in lines of `text/event-stream`: https://html.spec.whatwg.org/multipage/server-sent-events.html."""
    event, data = "message", list[str]()
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line == "":
            if data:
                yield Message(event, json.loads("\n".join(data)))
            event, data = "message", []
        elif name == "event":
            event = value
        elif name == "data":
            data.append(value)


def items_in(message: Message) -> list[dict[str, Any]]:
    """The work items that a message of the stream holds."""
    if message.event == "snapshot":
        return list(message.data["items"])
    if message.event == "change" and message.data["kind"] == "item":
        return [message.data["item"]]
    return []


class Visitor:
    """One person's browser, as far as the server can tell. A context manager; raises Unavailable for what goes wrong."""

    def __init__(self, url: str, who: DemoLogin) -> None:
        self.who = who
        self._http = httpx.Client(base_url=url, timeout=_WITHIN_S, headers={"Origin": url.rstrip("/")})

    def __enter__(self) -> Self:
        try:
            session = self.ask(
                "POST", "/session", {"login": self.who.login, "password": self.who.password}
            ).json()
        except BaseException:
            self._http.close()
            raise
        self._http.headers["X-CSRF-Token"] = session["csrf"]
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """A request that must succeed."""
        answer = self._send(method, path, body)
        if answer.is_error:
            raise Unavailable(
                f"{method} {_API}{path} as {self.who.login}: {answer.status_code} {answer.text[:300]}"
            )
        return answer

    def act(self, item: str, what: str, reason: str = "") -> httpx.Response:
        """An act to a work item, whatever the answer."""
        return self._send("POST", f"/queue/{item}/{what}", {"reason": reason} if reason else {})

    @contextmanager
    def watching(self) -> Iterator[Callable[[Callable[[dict[str, Any]], bool], str], dict[str, Any]]]:
        """The live stream while the block runs: a function that waits for an item that satisfies a condition."""
        with self._stream() as stream:
            if stream.is_error:
                raise Unavailable(f"the live stream is refused to {self.who.login}: {stream.status_code}")
            told = messages(stream.iter_lines())
            deadline_s = time.monotonic() + _WITHIN_S

            def wait(wanted: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
                for message in told:
                    for item in items_in(message):
                        if wanted(item):
                            return item
                    if time.monotonic() > deadline_s:
                        break
                raise Unavailable(
                    f"the live stream of {self.who.login} did not show {what} within {_WITHIN_S:.0f} s"
                )

            yield wait

    @contextmanager
    def _stream(self) -> Iterator[httpx.Response]:
        try:
            with self._http.stream(
                "GET", f"{_API}/stream", headers={"Accept": "text/event-stream"}
            ) as stream:
                yield stream
        except httpx.HTTPError as error:
            raise Unavailable(f"the live stream broke off: {error!r}") from error

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response:
        headers = {} if method == "GET" else {"Idempotency-Key": str(uuid.uuid4())}
        try:
            return self._http.request(method, f"{_API}{path}", json=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable(f"{method} {_API}{path}: {error!r}") from error


def work_off(url: str, number: int, first: DemoLogin, second: DemoLogin, acts: list[str]) -> list[str]:
    """Two workers go for one item: what went wrong, as sentences; `acts` takes what was done.

    Both see it in their live streams; the first claims it, the second is told by whom; the first resolves and closes it,
    and its history tells the whole story. Raises Unavailable for a door that does not answer.
    """
    missing: list[str] = []
    with ExitStack() as stack:
        winner = stack.enter_context(Visitor(url, first))
        loser = stack.enter_context(Visitor(url, second))
        with winner.watching() as wait_for_item:
            item = wait_for_item(lambda one: one["number"] == number, f"work item {number}")["id"]
        with loser.watching() as wait_for_item:
            wait_for_item(lambda one: one["id"] == item, f"work item {number}")
            _do(winner, item, number, "claim", acts)
            claimed = wait_for_item(
                lambda one: one["id"] == item and one["owner"] is not None, f"the claim of {number}"
            )
        if claimed["owner"]["name"] != first.name:
            missing.append(f"the live stream names {claimed['owner']} as the owner of {number}")
        missing += _lose(loser, item, number, first, acts)
        _do(winner, item, number, "resolve", acts, REASON)
        _do(winner, item, number, "close", acts)
        found = winner.ask("GET", f"/queue/{item}").json()
        done = [
            entry["act"]
            for entry in found["history"]
            if (entry.get("actor") or {}).get("login") == first.login
        ]
        if found["item"]["state"] != "closed" or done != ["claim", "resolve", "close"]:
            missing.append(
                f"work item {number} is {found['item']['state']} after {', '.join(done) or 'nothing'}"
            )
    return missing


def answers(url: str) -> bool:
    """Whether the server at this address is ready."""
    try:
        return httpx.get(f"{url.rstrip('/')}/readyz", timeout=_WITHIN_S).is_success
    except httpx.HTTPError:
        return False


def look_at_the_page(url: str, logins: tuple[DemoLogin, ...]) -> list[str]:
    """Whether the console is served and its log-in page offers the demo's log-ins: what is wrong."""
    try:
        page = httpx.get(url, timeout=_WITHIN_S)
        options = httpx.get(f"{url.rstrip('/')}{_API}/session/options", timeout=_WITHIN_S)
        offered = {one["login"] for one in options.json()["demo_logins"]}
    except (httpx.HTTPError, ValueError, KeyError) as error:
        return [f"the console at {url} does not answer as it should: {error!r}"]
    missing = []
    if page.status_code != httpx.codes.OK or '<script type="module"' not in page.text:
        missing.append(f"there is no console at {url}: run `make console`")
    if offered != {one.login for one in logins}:
        missing.append(f"the log-in page offers {sorted(offered)}")
    return missing


def _do(who: Visitor, item: str, number: int, what: str, acts: list[str], reason: str = "") -> None:
    answer = who.act(item, what, reason)
    if answer.is_error:
        raise Unavailable(
            f"{who.who.name} cannot {what} work item {number}: {answer.status_code} {answer.text[:300]}"
        )
    acts.append(f"{who.who.name} {what} {number}")


def _lose(who: Visitor, item: str, number: int, winner: DemoLogin, acts: list[str]) -> list[str]:
    answer = who.act(item, "claim")
    told = answer.json()
    name = (told.get("owner") or {}).get("name")
    if (
        answer.status_code != httpx.codes.CONFLICT
        or told.get("code") != "already_claimed"
        or name != winner.name
    ):
        return [
            f"{who.who.name} should be told that {winner.name} has work item {number}: {answer.text[:300]}"
        ]
    acts.append(f"{who.who.name} claim {number}: already_claimed, {name}")
    return []
