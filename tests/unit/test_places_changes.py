"""What an import changes, what it may not change, and the store that does it."""

from dataclasses import replace

import pytest

from redwhistle.errors import PlacesError
from redwhistle.places.changes import Kind, Use, compare, plan, to_json
from redwhistle.places.model import Company, Level, Place, Point, PointKind
from redwhistle.places.store import MemoryPlaceStore, PlaceStore
from redwhistle.places.tree import PlaceTree

PLACES = (
    Place("kunming", Level.CITY, "昆明市"),
    Place("panlong", Level.DISTRICT, "盘龙区", "kunming"),
    Place("jinchen", Level.STREET, "金辰街道", "panlong"),
    Place("jinsha", Level.COMMUNITY, "金沙社区", "jinchen"),
    Place("g1", Level.GRID, "第1网格", "jinsha"),
    Place("g2", Level.GRID, "第2网格", "jinsha"),
    Place("jinyuan", Level.COMPOUND, "锦园", "g1"),
    Place("jinhe", Level.COMPOUND, "锦和", "g2"),
    Place("jinyuan-b7", Level.BUILDING, "7栋", "jinyuan"),
    Place("jinyuan-b7-u2", Level.UNIT, "2单元", "jinyuan-b7"),
)
POINTS = (Point("muster", PointKind.MUSTER, "jinyuan", (102.7, 25.0)),)
COMPANIES = (Company("cuihu", "翠湖物业"),)
OLD = PlaceTree(PLACES, POINTS, COMPANIES)


def changed(place_id: str, **fields: object) -> PlaceTree:
    places = tuple(
        replace(place, **fields) if place.id == place_id else place  # type: ignore[arg-type]
        for place in PLACES
    )
    return PlaceTree(places, POINTS, COMPANIES)


def without(*gone: str) -> PlaceTree:
    return PlaceTree(tuple(place for place in PLACES if place.id not in gone), POINTS, COMPANIES)


def test_the_same_tree_changes_nothing() -> None:
    assert not compare(OLD, PlaceTree(tuple(reversed(PLACES)), POINTS, COMPANIES))


def test_added_changed_removed_of_every_kind() -> None:
    new = PlaceTree(
        (
            *changed("jinyuan", tags=("school",), name_en="Jinyuan").places,
            Place("g3", Level.GRID, "第3网格", "jinsha"),
        ),
        (Point("exit", PointKind.EXIT, "jinyuan", (102.7, 25.0)),),
        (Company("dianchi", "滇池物业"),),
    )
    changes = compare(OLD, new)
    assert [(change.kind, change.id) for change in changes.added] == [
        (Kind.COMPANY, "dianchi"), (Kind.PLACE, "g3"), (Kind.POINT, "exit"),
    ]  # fmt: skip
    assert [(change.id, change.fields) for change in changes.changed] == [("jinyuan", ("name_en", "tags"))]
    assert [(change.kind, change.id) for change in changes.removed] == [
        (Kind.COMPANY, "cuihu"),
        (Kind.POINT, "muster"),
    ]
    assert to_json(changes)["changed"] == [{"kind": "place", "id": "jinyuan", "fields": ("name_en", "tags")}]


@pytest.mark.parametrize(
    ("new", "used", "says"),
    [
        (without("jinyuan-b7-u2"), "jinyuan-b7-u2", "cannot be removed: 2 boxes, 1 device"),
        (without("jinyuan-b7-u2", "jinyuan-b7"), "jinyuan-b7-u2", "cannot be removed"),
        (
            changed("jinyuan-b7-u2", level=Level.HOUSEHOLD_GROUP),
            "jinyuan-b7-u2",
            "cannot become a household_group",
        ),
        (changed("jinyuan-b7", parent="jinhe"), "jinyuan-b7", "cannot move to the compound 'jinhe'"),
        (changed("jinyuan-b7", parent="jinhe"), "jinyuan-b7-u2", "cannot move to the compound 'jinhe'"),
    ],
)
def test_what_is_in_use_is_not_cut_off(new: PlaceTree, used: str, says: str) -> None:
    assert plan(OLD, new, {})
    assert plan(OLD, new, {used: Use()})
    with pytest.raises(PlacesError, match=f"{used!r} {says}"):
        plan(OLD, new, {used: Use(boxes=2, devices=1)})
    with pytest.raises(PlacesError, match="1 open work item still there"):
        plan(OLD, new, {used: Use(open_items=1)})


def test_a_compound_may_move_to_another_grid_with_its_boxes() -> None:
    changes = plan(OLD, changed("jinyuan", parent="g2"), {"jinyuan": Use(boxes=1), "elsewhere": Use(boxes=1)})
    assert [change.fields for change in changes.changed] == [("parent",)]


def test_the_store_in_memory_replaces_whole_or_not_at_all() -> None:
    memory = MemoryPlaceStore(in_use={"jinyuan": Use(boxes=1)})
    store: PlaceStore = memory
    assert store.load() == PlaceTree()
    assert len(store.replace(OLD, dry_run=True).added) == len(PLACES) + 2
    assert store.load() == PlaceTree()
    store.replace(OLD, dry_run=False)
    assert store.load() == OLD
    assert not store.replace(OLD, dry_run=False)
    with pytest.raises(PlacesError, match="'jinyuan' cannot be removed"):
        store.replace(PlaceTree(PLACES[:6]), dry_run=False)
    assert store.load() == OLD
