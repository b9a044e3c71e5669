"""Up to where a client of the stream knows everything, as a text that it gives back. Pure."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

_FORM = re.compile(r"1\.([0-9a-f]{1,16})\.([0-9a-f]{12})\.([0-9a-f]{16})", re.ASCII)
_LONGEST = 64


class ResetReason(StrEnum):
    """Why a client starts over: what it knows is void, and a snapshot follows."""

    UNREADABLE = "unreadable"
    """The cursor is none of ours."""
    OTHER_DATABASE = "other_database"
    """The cursor is of another database, or of this one before it was restored or replaced."""
    OTHER_SCOPE = "other_scope"
    """The cursor is of another person's or another exercise's view, or the rights have changed since."""
    TOO_OLD = "too_old"
    """So much was closed since that the snapshot is shorter."""
    RIGHTS = "rights"
    """The person's rights, or the tree of places over which they hold, have changed just now."""
    SLOW = "slow"
    """The client did not take what was sent fast enough; what was left out is in the snapshot."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position (transaction number) in one database, for one view. `view` and `database` are digests."""

    position: int
    database: str
    view: str

    def __str__(self) -> str:
        return f"1.{self.position:x}.{self.database}.{self.view}"


def read_cursor(text: str) -> Cursor | None:
    """The cursor that `str()` made; None for anything else."""
    match = _FORM.fullmatch(text) if len(text) <= _LONGEST else None
    return Cursor(int(match[1], 16), match[2], match[3]) if match else None


def digest_database(identity: str) -> str:
    """12 hex digits for a database's identity."""
    return hashlib.sha256(identity.encode()).hexdigest()[:12]


def digest_view(scope_digest: str, exercise: str | None) -> str:
    """16 hex digits for a scope and an exercise ('' is what is real, None is all)."""
    told = f"{scope_digest}\n{'*' if exercise is None else '=' + exercise}"
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]
