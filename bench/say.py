"""Progress for the person who waits: on stderr, so that stdout holds results only."""

import sys
from collections.abc import Callable

Say = Callable[[str], None]


def say_on_stderr(text: str) -> None:
    """Print one line at once."""
    print(text, file=sys.stderr, flush=True)
