"""The port to where places are kept, and a store in memory that behaves as the real one must."""

from collections.abc import Mapping
from typing import Protocol

from redwhistle.places.changes import Changes, Use, plan
from redwhistle.places.tree import PlaceTree


class PlaceStore(Protocol):
    """Keeps one tree. Errors: StoreError when it cannot be reached."""

    def load(self) -> PlaceTree:
        """The tree; an empty one before the first import."""

    def replace(self, tree: PlaceTree, *, dry_run: bool) -> Changes:
        """Make `tree` the tree, whole or not at all, in one transaction; with `dry_run` only say what would change.

        Raises PlacesError, changing nothing, where `changes.plan` does.
        """


class MemoryPlaceStore:
    """A store for tests and trials; passes the same suite as the real one. `in_use` is what hangs on each place."""

    def __init__(self, tree: PlaceTree | None = None, in_use: Mapping[str, Use] | None = None) -> None:
        self._tree = tree or PlaceTree()
        self._in_use = dict(in_use or {})

    def load(self) -> PlaceTree:
        return self._tree

    def replace(self, tree: PlaceTree, *, dry_run: bool) -> Changes:
        changes = plan(self._tree, tree, self._in_use)
        if not dry_run:
            self._tree = tree
        return changes
