"""The part of the world over which a right holds: everything, some places with all below them, some companies."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Scope:
    """Empty is nothing. `covers` and the SQL function `places_in_scope` (migration 0006) say the same.

    In a query: `%(scope_all)s::boolean OR place IN (SELECT id FROM places_in_scope(%(scope_all)s::boolean,
    %(scope_places)s::text[], %(scope_companies)s::text[]))`, with the values of `parameters()`. The first half keeps
    rows whose place is no longer in the tree: they are visible to `everything` only.
    """

    everything: bool = False
    places: frozenset[str] = frozenset()
    companies: frozenset[str] = frozenset()

    ALL: ClassVar["Scope"]
    NOTHING: ClassVar["Scope"]

    def __post_init__(self) -> None:
        if self.everything and (self.places or self.companies):  # one form for one meaning
            object.__setattr__(self, "places", frozenset())
            object.__setattr__(self, "companies", frozenset())

    @property
    def empty(self) -> bool:
        """Whether it covers nothing at all."""
        return not (self.everything or self.places or self.companies)

    def covers(self, path: Sequence[str], company: str | None = None) -> bool:
        """Whether a row at a place is visible. `path`: ids of the place and all above it, in any order; empty when the
        place is not in the tree. `company`: the one that serves the compound on the path, if any does."""
        if self.everything:
            return True
        if not path:
            return False
        return (company is not None and company in self.companies) or not self.places.isdisjoint(path)

    def union(self, others: Iterable["Scope"]) -> "Scope":
        """What this one or one of the others covers."""
        every = (self, *others)
        return Scope(
            everything=any(one.everything for one in every),
            places=frozenset().union(*(one.places for one in every)),
            companies=frozenset().union(*(one.companies for one in every)),
        )

    def parameters(self) -> dict[str, Any]:
        """The three query parameters `scope_all`, `scope_places`, `scope_companies`."""
        return {
            "scope_all": self.everything,
            "scope_places": sorted(self.places),
            "scope_companies": sorted(self.companies),
        }

    @property
    def digest(self) -> str:
        """16 hex digits that are equal for equal scopes, in every process."""
        text = json.dumps(self.parameters(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


Scope.ALL = Scope(everything=True)
Scope.NOTHING = Scope()
