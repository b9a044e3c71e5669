"""Wait for a condition instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(look: Callable[[], T], *, timeout_s: float = 10.0, what: str = "", every_s: float = 0.02) -> T:
    """Call `look` until it returns something true, and return that.

    Raises TimeoutError after `timeout_s` seconds; the text says `what` was waited for and what `look` returned last.
    """
    deadline_s = time.monotonic() + timeout_s
    while not (seen := look()):
        if time.monotonic() >= deadline_s:
            raise TimeoutError(f"not within {timeout_s:g} s: {what or repr(look)}; last seen: {seen!r}")
        time.sleep(every_s)
    return seen
