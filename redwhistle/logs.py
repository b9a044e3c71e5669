"""Structured logs: one line an event, a stable `action`, the ids beside it, and never a secret.

    log = get_logger(box="jinsha-3-1")
    log.info("alarm_kept", lane="alarm", seq=17)
    {"action": "alarm_kept", "box": "jinsha-3-1", "lane": "alarm", "seq": 17, "level": "info", "at": "2026-05-24T08:49:00.120Z"}

`action` is for programs and is never changed; sentences for people go into a field called `why` or `note`.
"""

import logging
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

HIDDEN = "(hidden)"


class LogFormat(StrEnum):
    """How lines look."""

    JSON = "json"
    """One JSON object a line, for machines and for the journal."""
    CONSOLE = "console"
    """For a person at a terminal."""


class LogLevel(StrEnum):
    """The least that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def configure_logs(
    form: LogFormat = LogFormat.JSON, level: LogLevel = LogLevel.INFO, stream: TextIO | None = None
) -> None:
    """Set up this process's logs, once, at its start; lines go to `stream`, standard error by default.

    A line that cannot be written (a full disk, a pipe whose reader is gone) is dropped: a log stops no sensor.
    """
    out = _Forgiving(stream)
    renderer: structlog.typing.Processor
    if form is LogFormat.JSON:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=out.isatty(), event_key="action", timestamp_key="at")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("action"),
            hide_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.value.upper())),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", out)),
        cache_logger_on_first_use=False,
    )


def get_logger(**ids: object) -> FilteringBoundLogger:
    """A logger that adds `ids` to each line. What it writes follows `configure_logs`, also when that comes later."""
    logger: FilteringBoundLogger = structlog.get_logger(**ids)
    return logger


def hide_secrets(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:  # noqa: ARG001 (structlog's signature)
    """Replace values under telling names, and user names and passwords in addresses, at any depth."""
    return {key: HIDDEN if _is_secret_name(key) else _hide(value) for key, value in line.items()}


class _Forgiving:
    """A stream as far as a logger needs one; `None`: standard error, as it is at that moment."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            (self._stream or sys.stderr).write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            (self._stream or sys.stderr).flush()

    def isatty(self) -> bool:
        return (self._stream or sys.stderr).isatty()


_SECRET_NAME = re.compile(
    r"pass(word|phrase|wd)?$|secret|token|credential|private_?key|authorization|^card|_card$", re.IGNORECASE
)
_HARMLESS_NAME = re.compile(r"_file$|_count$", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^/\s@]+@")
_MAX_DEPTH = 6


def _is_secret_name(name: object) -> bool:
    text = str(name)
    return bool(_SECRET_NAME.search(text)) and not _HARMLESS_NAME.search(text)


def _hide(value: Any, depth: int = 0) -> Any:
    if depth > _MAX_DEPTH:
        return "(too deep)"
    if isinstance(value, str):
        return _USER_INFO.sub(f"{HIDDEN}@", value)
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    if isinstance(value, Mapping):
        return {k: HIDDEN if _is_secret_name(k) else _hide(v, depth + 1) for k, v in value.items()}
    if isinstance(value, Sequence):
        return [_hide(v, depth + 1) for v in value]
    if isinstance(value, int | float | None):
        return value
    return _USER_INFO.sub(f"{HIDDEN}@", str(value))
