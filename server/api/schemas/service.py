"""The service about itself: words, health, readiness."""

from typing import Literal

from server.api.schemas.wire import Shape, Time


class WordPair(Shape):
    """The words for a code in both languages."""

    zh: str
    en: str


class Words(Shape):
    """Words by group and code."""

    words: dict[str, dict[str, WordPair]]


class Health(Shape):
    """The process lives."""

    status: Literal["ok"]
    version: str


class Part(Shape):
    """One part that readiness depends on; `detail` says what to do when it is not ready."""

    name: str
    ready: bool
    detail: str


class Readiness(Shape):
    """Whether this process can serve."""

    ready: bool
    parts: list[Part]
    server_time: Time
