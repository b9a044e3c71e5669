"""SIGTERM and Ctrl-C as an event, safely: a handler may interrupt any line of Python, also one that holds a lock.

So the handler takes no lock and writes no log: it writes a byte to a pipe, and a thread sets the event.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stop_on_signals(told: Callable[[str], None] = lambda _: None) -> Iterator[threading.Event]:
    """An event that the first SIGTERM or SIGINT sets; `told` hears the signal's name before. Main thread only.

    A second Ctrl-C does what Ctrl-C does: KeyboardInterrupt.
    """
    stop = threading.Event()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def wait() -> None:
        number = os.read(reading, 1)
        if number and number != b"\0":
            told(signal.Signals(number[0]).name)
            stop.set()

    def handle(number: int, _frame: FrameType | None) -> None:
        os.write(writing, bytes([number]))
        if number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    watcher = threading.Thread(target=wait, name="signals", daemon=True)
    watcher.start()
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.write(writing, b"\0")
        watcher.join()
        os.close(writing)
        os.close(reading)
