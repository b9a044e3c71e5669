"""A source over doubled GPIO lines, in a thread, with what it says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from edge.agent.ports import Source
from tests.recording import RecordingSink

CHIP = "/dev/gpiochip0"


@contextmanager
def running(source: Source) -> Iterator[RecordingSink]:
    said, stop = RecordingSink(), threading.Event()
    thread = threading.Thread(target=source.run, args=(said, stop))
    thread.start()
    try:
        yield said
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
