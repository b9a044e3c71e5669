"""Structured logs."""

from typing import Any, cast

import structlog


def get_logger(name: str) -> Any:
    """A logger whose first argument is a stable action."""
    return cast("Any", structlog.get_logger(name))
