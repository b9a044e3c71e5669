"""Asking the tree: up, down, within a site, across a border."""

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redwhistle.errors import PlacesError
from redwhistle.places import geometry
from redwhistle.places.model import Company, Level, Place, Point, PointKind, Ring
from redwhistle.places.tree import PlaceTree


def square(west: float, south: float, size: float) -> Ring:
    east, north = west + size, south + size
    return ((west, south), (east, south), (east, north), (west, north), (west, south))


def grid(number: int, west: float, south: float, size: float = 0.005) -> Place:
    return Place(
        f"g{number}", Level.GRID, f"第{number}网格", "jinsha", polygon=((square(west, south, size),),)
    )


UPPER = (
    Place("kunming", Level.CITY, "昆明市"),
    Place("panlong", Level.DISTRICT, "盘龙区", "kunming"),
    Place("jinchen", Level.STREET, "金辰街道", "panlong"),
    Place("jinsha", Level.COMMUNITY, "金沙社区", "jinchen"),
)
LOWER = (
    Place("jinyuan", Level.COMPOUND, "锦园", "g1", company="cuihu"),
    Place("urumqi", Level.COMPOUND, "天山苑", "g2", time_zone="Asia/Urumqi"),
    Place("jinyuan-b10", Level.BUILDING, "10栋", "jinyuan"),
    Place("jinyuan-b7", Level.BUILDING, "7栋", "jinyuan"),
    Place("jinyuan-b7-u2", Level.UNIT, "2单元", "jinyuan-b7"),
    Place("jinyuan-b7-u2-h1", Level.HOUSEHOLD_GROUP, "第1十户组", "jinyuan-b7-u2"),
    Place("village-h1", Level.HOUSEHOLD_GROUP, "第1十户组", "g2"),
)
GRIDS = (
    grid(1, 102.700, 25.000),
    grid(2, 102.705, 25.000),
    grid(3, 102.7051, 25.005),  # a corner of g1, the edge of g2
    grid(4, 102.7102, 25.000),  # 20 m beyond g2
    grid(5, 102.800, 25.000),
    Place("g6", Level.GRID, "第6网格", "jinsha"),
)
POINTS = (
    Point("muster", PointKind.MUSTER, "jinyuan", (102.701, 25.001)),
    Point("siren", PointKind.LOUDSPEAKER, "jinyuan-b7", (102.701, 25.001)),
)
TREE = PlaceTree((*LOWER, *GRIDS, *UPPER), POINTS, (Company("cuihu", "翠湖物业", red=True),))


def ids(places: tuple[Place, ...]) -> list[str]:
    return [place.id for place in places]


def test_up_and_down() -> None:
    assert ids(TREE.ancestors("jinyuan")) == ["kunming", "panlong", "jinchen", "jinsha", "g1"]
    assert ids(TREE.path("kunming")) == ["kunming"]
    assert ids(tuple(TREE.descendants("jinyuan"))) == [
        "jinyuan-b7", "jinyuan-b7-u2", "jinyuan-b7-u2-h1", "jinyuan-b10",
    ]  # fmt: skip
    assert ids(TREE.roots()) == ["kunming"]
    assert ids(TREE.children("g2")) == ["urumqi", "village-h1"]


def test_site_and_grid_of_any_place() -> None:
    site, its_grid = TREE.site_of("jinyuan-b7-u2-h1"), TREE.grid_of("jinyuan-b7-u2-h1")
    assert site is not None
    assert its_grid is not None
    assert (site.id, its_grid.id) == ("jinyuan", "g1")
    assert TREE.site_of("village-h1") is None
    assert TREE.grid_of("jinsha") is None


def test_path_within_the_site() -> None:
    deep = TREE.path_within_site("jinyuan-b7-u2-h1")
    assert deep is not None
    assert [place and place.id for place in deep] == ["jinyuan", "jinyuan-b7", "jinyuan-b7-u2"]
    assert TREE.path_within_site("jinyuan") == (TREE.place("jinyuan"), None, None)
    assert TREE.path_within_site("g1") is None


def test_time_zone_company_points() -> None:
    assert TREE.time_zone_of("jinyuan-b7") == "Asia/Shanghai"
    assert TREE.time_zone_of("urumqi") == "Asia/Urumqi"
    company = TREE.company_of("jinyuan-b7-u2")
    assert company is not None
    assert company.id == "cuihu"
    assert TREE.company_of("urumqi") is None
    assert [point.id for point in TREE.points_in("g1")] == ["muster", "siren"]
    assert [point.id for point in TREE.points_at("jinyuan")] == ["muster"]


def test_neighbours_share_an_edge_a_corner_or_a_narrow_street() -> None:
    assert ids(TREE.neighbours("g1")) == ["g2", "g3"]
    assert ids(TREE.neighbours("g2")) == ["g1", "g3"]
    assert ids(TREE.neighbours("g2", tolerance_m=25)) == ["g1", "g3", "g4"]
    assert TREE.neighbours("g5") == ()
    assert TREE.neighbours("g6") == ()
    with pytest.raises(PlacesError, match="not a grid"):
        TREE.neighbours("jinyuan")


def test_grids_near_a_position() -> None:
    assert ids(TREE.grids_near((102.7049, 25.001))) == ["g1"]
    assert ids(TREE.grids_near((102.7049, 25.001), 30)) == ["g1", "g2"]
    assert TREE.grids_near((0.0, 0.0), 100) == ()


squares = st.builds(
    lambda x, y, size: square(102 + x / 100, 25 + y / 100, size / 100),
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(1, 70),
)


@given(st.lists(squares, min_size=2, max_size=8))
def test_neighbours_agree_with_comparing_every_pair(rings: list[Ring]) -> None:
    grids = tuple(
        Place(f"g{n}", Level.GRID, "网格", "jinsha", polygon=((ring,),)) for n, ring in enumerate(rings)
    )
    tree = PlaceTree((*UPPER, *grids))
    for one in grids:
        wanted = {
            other.id
            for other in grids
            if other is not one
            and one.polygon
            and other.polygon
            and geometry.border_distance_m(one.polygon, other.polygon, 20) <= 20
        }
        assert set(ids(tree.neighbours(one.id))) == wanted


def test_the_order_given_does_not_matter() -> None:
    again = PlaceTree(tuple(reversed(TREE.places)), tuple(reversed(TREE.points)), TREE.companies)
    assert again == TREE
    assert hash(again) == hash(TREE)
    assert ids(again.children("jinyuan")) == ["jinyuan-b7", "jinyuan-b10"]


def test_frozen_and_whole() -> None:
    with pytest.raises(FrozenInstanceError):
        TREE.places = ()  # type: ignore[misc]
    with pytest.raises(PlacesError, match="'jinsha' is not in these files"):
        PlaceTree((*GRIDS, *UPPER[:3]))
    with pytest.raises(PlacesError, match="no place 'nowhere'"):
        TREE.place("nowhere")
    assert "nowhere" not in TREE
    assert TREE.find("nowhere") is None
    assert PlaceTree().places == ()
