"""The sample city is whole, the same in both forms, and what its script makes."""

import importlib.util
from pathlib import Path

import pytest

from redwhistle.places.files import read_places
from redwhistle.places.geojson import write_geojson
from redwhistle.places.model import Level, PointKind
from redwhistle.places.tables import write_tables
from redwhistle.places.tree import PlaceTree

SAMPLE = Path(__file__).parents[2] / "docker" / "sample"


@pytest.fixture(scope="module")
def city() -> PlaceTree:
    return read_places(SAMPLE / "city.geojson").tree()


def test_both_forms_read_to_the_same_tree_without_a_problem(city: PlaceTree) -> None:
    assert read_places(SAMPLE / "city.geojson").problems() == []
    assert read_places(SAMPLE / "csv").problems() == []
    assert read_places(SAMPLE / "csv").tree() == city


def test_the_files_are_what_the_script_makes(city: PlaceTree) -> None:
    spec = importlib.util.spec_from_file_location("make_city", SAMPLE / "make_city.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.make_city()
    assert made == city
    assert write_geojson(made) == (SAMPLE / "city.geojson").read_bytes()
    assert write_tables(made) == {file.name: file.read_bytes() for file in (SAMPLE / "csv").iterdir()}


def test_it_has_what_the_demo_needs(city: PlaceTree) -> None:
    count = {level: sum(place.level is level for place in city.places) for level in Level}
    assert [count[level] for level in (Level.CITY, Level.DISTRICT, Level.STREET, Level.COMMUNITY)] == [
        1,
        3,
        4,
        8,
    ]
    assert count[Level.GRID] == 32
    assert count[Level.COMPOUND] >= 12
    assert len(city.companies) == 4
    assert {"school", "elderly_home"} <= {tag for place in city.places for tag in place.tags}
    assert city.place("jinyuan").name_zh == "锦园"
    assert city.place("jinhe").name_zh == "锦和"
    assert city.grid_of("jinyuan") != city.grid_of("jinhe")
    assert city.path_within_site("jinyuan-b7-u2") is not None
    kinds = {point.kind for point in city.points_in("jinyuan")}
    assert kinds >= {
        PointKind.EXIT,
        PointKind.MUSTER,
        PointKind.HYDRANT,
        PointKind.LOUDSPEAKER,
        PointKind.GATE,
    }


def test_every_grid_has_neighbours_and_tiles_its_community(city: PlaceTree) -> None:
    for place in city.places:
        if place.level is Level.GRID:
            assert len(city.neighbours(place.id)) >= 3
    assert {grid.id for grid in city.neighbours("jinsha-g4")} == {
        "jinsha-g1", "jinsha-g2", "jinsha-g3", "chenguang-g1", "chenguang-g3", "yunfeng-g1", "yunfeng-g2", "bailong-g1",
    }  # fmt: skip
    for column in range(5, 55):
        for row in range(5, 75):
            position = (102.700 + column * 0.00085, 25.0306 + row * 0.00025)
            assert len(city.grids_near(position)) == 1
