"""Which machine this is, so that a copied SD card does not count on in the original's numbers."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

SOURCES = (
    Path("/etc/machine-id"),
    Path("/sys/firmware/devicetree/base/serial-number"),
    Path("/sys/class/dmi/id/product_uuid"),
)
"""A card carries the first with it; the board gives the others (the last is readable by root alone)."""


def read_fingerprint(sources: Sequence[Path] = SOURCES) -> str:
    """A SHA-256 over what can be read of `sources`, in hex; the ids themselves are not kept."""
    known = hashlib.sha256()
    for source in sources:
        with suppress(OSError):
            known.update(source.read_bytes().strip(b"\0\n ") + b"\n")
    return known.hexdigest()
