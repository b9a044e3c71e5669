"""The console as it is served: built, if something of it changed since the last time."""

import subprocess
import sys
from pathlib import Path

from bench.servers.installed import CHECKOUT


def build_console() -> Path:
    """The built console's folder. Raises CalledProcessError when it cannot be built."""
    build = ["sh", str(CHECKOUT / ".ci" / "console.sh"), "build", sys.executable]
    subprocess.run(build, check=True)
    return CHECKOUT / "server" / "web" / "dist"
