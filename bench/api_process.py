"""One `redwhistle api` process as an operator would start it, ready when the block begins."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.servers.installed import CHECKOUT
from bench.servers.waiting import wait_for
from server.embedded.ports import LOOPBACK, free_port

_START_WITHIN_S = 30.0
_STOP_WITHIN_S = 15.0


def build_console() -> Path:
    """The built console's folder, built anew if something of it changed. Raises CalledProcessError."""
    build = ["sh", str(CHECKOUT / ".ci" / "console.sh"), "build", sys.executable]
    subprocess.run(build, check=True)
    return CHECKOUT / "server" / "web" / "dist"


@contextmanager
def running_api(url: str, *, log: Path, settings: Mapping[str, str] | None = None) -> Iterator[int]:
    """Start it against the database at `url`; its port once it is ready. `settings` are REDWHISTLE_… variables.

    Raises TimeoutError when it does not come up, with the end of its log.
    """
    port = free_port()
    ours = {name: value for name, value in os.environ.items() if not name.startswith("REDWHISTLE_")}
    told = {
        "REDWHISTLE_DATABASE_URL": url,
        "REDWHISTLE_API_HOST": LOOPBACK,
        "REDWHISTLE_API_PORT": str(port),
        **(settings or {}),
    }
    words = [sys.executable, "-c", "from redwhistle.cli import main; main()", "api", "--log-json"]
    with log.open("wb") as out:
        process = subprocess.Popen(words, cwd=CHECKOUT, stdout=out, stderr=out, env={**ours, **told})
    try:
        wait_for(
            lambda: process.poll() is not None or _ready(port),
            timeout_s=_START_WITHIN_S,
            what="the API is ready",
        )
        if process.poll() is not None:
            raise TimeoutError(
                f"the API ended with {process.returncode}: {log.read_text('utf-8', 'replace')[-2000:]}"
            )
        yield port
    finally:
        process.terminate()
        try:
            process.wait(_STOP_WITHIN_S)
        finally:
            process.kill()
            process.wait()


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
