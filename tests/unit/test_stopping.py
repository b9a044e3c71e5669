"""Stopping by signal: many signals at any moment, while the main thread logs, never hang a process."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from redwhistle.stopping import stop_on_signals

PROGRAM = """
import sys, threading
from redwhistle.logs import LogFormat, configure_logs, get_logger
from redwhistle.stopping import stop_on_signals
configure_logs(LogFormat.JSON)
log = get_logger(part="test")
with stop_on_signals(lambda name: log.info("signal_received", signal=name)) as stop:
    print("ready", flush=True)
    while not stop.is_set():
        log.info("busy", note="x" * 200)
print("stopped", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_sets_the_event_and_handlers_are_put_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    heard: list[str] = []
    with stop_on_signals(heard.append) as stop:
        os.kill(os.getpid(), number)
        assert stop.wait(5)
    assert heard == [number.name]
    assert signal.getsignal(number) == before


def test_leaving_without_a_signal_leaves_no_thread() -> None:
    with stop_on_signals() as stop:
        assert not stop.is_set()
    assert "signals" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(5))
def test_signals_that_interrupt_a_log_line_do_not_hang_the_process(attempt: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    for _ in range(20):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        time.sleep(0.0005 * attempt)
    out, _ = process.communicate(timeout=10)  # a hang fails here
    # a late signal may fall when the handlers are back, and cut the last line off
    assert process.returncode in (0, -signal.SIGTERM)
    assert out == "stopped\n" if process.returncode == 0 else "stopped\n".startswith(out)
