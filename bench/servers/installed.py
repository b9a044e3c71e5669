"""Fetch what a server needs, once, through install.sh; say clearly why where that cannot be done."""

import functools
import os
import subprocess
from pathlib import Path

from redwhistle.errors import ConfigurationError

CHECKOUT = Path(__file__).resolve().parents[2]


def servers_dir() -> Path:
    """Where fetched servers lie: $REDWHISTLE_SERVERS_DIR, or `.servers` in the checkout."""
    return Path(os.environ.get("REDWHISTLE_SERVERS_DIR") or CHECKOUT / ".servers")


@functools.cache
def ensure(name: str) -> Path:
    """The folder of server `name` after install.sh has made sure that it is there (it may be empty or missing:
    what the system has is used as it is). Raises ConfigurationError with the script's own words."""
    done = subprocess.run(
        ["sh", str(Path(__file__).with_name("install.sh")), name], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ConfigurationError(f"{name} cannot be had here: {done.stderr.strip()}")
    return servers_dir() / name


def library_path(root: Path) -> dict[str, str]:
    """Environment in which programs unpacked under `root` find their libraries."""
    found = sorted(
        {str(path.parent) for path in root.glob("usr/lib/**/*.so*") if path.parent.name.endswith("-gnu")}
    )
    return {"LD_LIBRARY_PATH": os.pathsep.join(found)} if found else {}
