"""The key under which card numbers become hashes. It is made on the box and never leaves it."""

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from redwhistle.errors import SourceError
from redwhistle.logs import get_logger

KEY_FILE = "gate.key"
"""In the box's data folder."""
_KEY_BYTES = 32
_OTHERS = 0o077

_log = get_logger()


class CardHasher:
    """HMAC-SHA-256 of card numbers: the same card gives the same hash on this box and tells nothing elsewhere."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise ValueError(f"the key must have {_KEY_BYTES} bytes")
        self._key = key

    def __repr__(self) -> str:
        return "CardHasher(***)"

    def hash(self, card: str) -> str:
        """64 hex digits."""
        return hmac.new(self._key, card.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def open_key(path: Path) -> CardHasher:
    """The hasher with the key in `path`, which is made, readable by its owner alone, if it is not there.

    A key file that others may read is closed to them; a damaged one is set aside and a new key made, because gate
    alarms must go on: only the match with older hashes is lost, and the log says so. Raises SourceError.
    """
    try:
        key = _read(path)
        if key is None:
            key = secrets.token_bytes(_KEY_BYTES)
            _write(path, key)
            _log.info("gate_key_made", path=str(path))
    except OSError as error:
        raise SourceError(
            f"{path}: the card key cannot be read or made ({error.strerror}); "
            "give the agent's user the right to write in this folder"
        ) from None
    return CardHasher(key)


def _read(path: Path) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(descriptor).st_mode & _OTHERS:
            os.fchmod(descriptor, 0o600)
            _log.warning("gate_key_was_readable", path=str(path))
        text = file.read(_KEY_BYTES * 2 + 2).strip()
    with contextlib.suppress(ValueError):
        key = bytes.fromhex(text.decode("ascii", "replace"))
        if len(key) == _KEY_BYTES:
            return key
    aside = path.with_name(f"{path.name}.damaged-{secrets.token_hex(4)}")
    path.rename(aside)
    _log.error("gate_key_damaged", path=str(path), set_aside=str(aside))
    return None


def _write(path: Path, key: bytes) -> None:
    """Written beside, synced and renamed: a power cut leaves no half key. mkstemp gives mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if os.geteuid() == 0:  # run by hand as root: the agent's user, whose folder it is, must read it
                folder_of = path.parent.stat()
                os.fchown(descriptor, folder_of.st_uid, folder_of.st_gid)
            file.write(key.hex().encode() + b"\n")
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
