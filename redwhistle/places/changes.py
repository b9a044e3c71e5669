"""What an import would change, and whether it may: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from redwhistle.errors import PlacesError
from redwhistle.places.model import Company, Place, Point
from redwhistle.places.tree import PlaceTree


class Kind(StrEnum):
    """What changed."""

    PLACE = "place"
    POINT = "point"
    COMPANY = "company"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing before and after: None before when it is added, None after when it is removed."""

    kind: Kind
    id: str
    before: Place | Point | Company | None
    after: Place | Point | Company | None

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields that differ, when it is there before and after."""
        if self.before is None or self.after is None:
            return ()
        return tuple(
            name for name in self.before.__slots__ if getattr(self.before, name) != getattr(self.after, name)
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """All differences between two trees: companies, places from the top down, points; each by id."""

    added: tuple[Change, ...] = ()
    changed: tuple[Change, ...] = ()
    removed: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class Use:
    """What hangs on a place itself (not on what lies beneath it)."""

    boxes: int = 0
    devices: int = 0
    open_items: int = 0
    """Work items that are not closed."""


def compare(old: PlaceTree, new: PlaceTree) -> Changes:
    """What has to be done to `old` to make it `new`."""
    before, after = _things(old), _things(new)
    return Changes(
        added=tuple(Change(*key, None, thing) for key, thing in after.items() if key not in before),
        changed=tuple(
            Change(*key, before[key], thing)
            for key, thing in after.items()
            if key in before and before[key] != thing
        ),
        removed=tuple(Change(*key, thing, None) for key, thing in before.items() if key not in after),
    )


def plan(old: PlaceTree, new: PlaceTree, in_use: Mapping[str, Use]) -> Changes:
    """The changes; raise PlacesError when one would cut off boxes, devices or open work items.

    `in_use` says by place id what hangs on it. Refused for such a place: to be removed, to become another level,
    to come to lie in another compound (its box would speak for a site that it no longer belongs to).
    """
    refused = [
        f"{place_id!r} {fault}: {_count(use)} still there; move them first"
        for place_id, use in sorted(in_use.items())
        if _is_used(use) and (fault := _cut_off(old, new, place_id))
    ]
    if refused:
        raise PlacesError(refused)
    return compare(old, new)


def to_json(changes: Changes) -> dict[str, Any]:
    """Ids and field names, for `--json`."""
    return {
        "added": [{"kind": change.kind, "id": change.id} for change in changes.added],
        "changed": [
            {"kind": change.kind, "id": change.id, "fields": change.fields} for change in changes.changed
        ],
        "removed": [{"kind": change.kind, "id": change.id} for change in changes.removed],
    }


def _things(tree: PlaceTree) -> dict[tuple[Kind, str], Place | Point | Company]:
    things: dict[tuple[Kind, str], Place | Point | Company] = {}
    things.update({(Kind.COMPANY, company.id): company for company in tree.companies})
    things.update({(Kind.PLACE, place.id): place for place in tree.places})
    things.update({(Kind.POINT, point.id): point for point in tree.points})
    return things


def _cut_off(old: PlaceTree, new: PlaceTree, place_id: str) -> str:
    before, after = old.find(place_id), new.find(place_id)
    if before is None:
        return ""
    if after is None:
        return "cannot be removed"
    if before.level is not after.level:
        return f"cannot become a {after.level}"
    sites = old.site_of(place_id), new.site_of(place_id)
    if sites[0] is not None and sites[1] is not None and sites[0].id != sites[1].id:
        return f"cannot move to the compound {sites[1].id!r}"
    return ""


def _is_used(use: Use) -> bool:
    return bool(use.boxes or use.devices or use.open_items)


def _count(use: Use) -> str:
    parts = [
        (use.boxes, "box", "boxes"),
        (use.devices, "device", "devices"),
        (use.open_items, "open work item", "open work items"),
    ]
    return ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in parts if n)
