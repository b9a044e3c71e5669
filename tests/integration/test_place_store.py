"""The place stores: one suite for the one in memory and the one in PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from redwhistle.errors import PlacesError
from redwhistle.places.files import read_places
from redwhistle.places.store import MemoryPlaceStore, PlaceStore
from redwhistle.places.tree import PlaceTree
from server.store.places import open_place_store

SAMPLE = Path(__file__).parents[2] / "docker" / "sample" / "city.geojson"


@pytest.fixture(scope="module")
def city() -> PlaceTree:
    return read_places(SAMPLE).tree_and_warnings()[0]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.servers)])
def store(request: pytest.FixtureRequest) -> Iterator[PlaceStore]:
    if request.param == "memory":
        yield MemoryPlaceStore()
        return
    with open_place_store(request.getfixturevalue("database")) as opened:
        yield opened


def test_the_sample_city_comes_back_as_it_went_in(store: PlaceStore, city: PlaceTree) -> None:
    assert store.load() == PlaceTree()
    assert len(store.replace(city, dry_run=True).added) > 100
    assert store.load() == PlaceTree()
    store.replace(city, dry_run=False)
    assert store.load() == city
    assert not store.replace(city, dry_run=False)


def test_a_smaller_tree_removes_what_is_not_in_it(store: PlaceStore, city: PlaceTree) -> None:
    store.replace(city, dry_run=False)
    smaller = PlaceTree(
        tuple(p for p in city.places if p.level.value not in ("unit", "household_group")),
        tuple(p for p in city.points if p.place in {x.id for x in city.places if x.level.value == "grid"}),
        city.companies,
    )
    changes = store.replace(smaller, dry_run=False)
    assert changes.removed
    assert not changes.added
    assert store.load() == smaller


@pytest.mark.servers
def test_a_compound_with_a_box_is_not_removed(database: str, city: PlaceTree) -> None:
    with open_place_store(database) as store:
        store.replace(city, dry_run=False)
        with psycopg.connect(database) as connection:
            connection.execute("INSERT INTO boxes (box, site) VALUES ('box-1', 'jinyuan')")
        without = {p.id for p in city.places if city.site_of(p.id) and city.site_of(p.id).id == "jinyuan"}  # type: ignore[union-attr]
        fewer = PlaceTree(
            tuple(p for p in city.places if p.id not in without),
            tuple(p for p in city.points if p.place not in without),
            city.companies,
        )
        with pytest.raises(PlacesError, match="'jinyuan' cannot be removed"):
            store.replace(fewer, dry_run=False)
        assert store.load() == city


@pytest.mark.servers
def test_what_happened_at_a_place_stays_when_the_place_is_removed(database: str, city: PlaceTree) -> None:
    with open_place_store(database) as store:
        store.replace(city, dry_run=False)
        with psycopg.connect(database) as connection:
            connection.execute("INSERT INTO rule_packs VALUES ('h', 'test', '')")
            connection.execute(
                "INSERT INTO engine_state (site, pack_hash, state) VALUES ('jinyuan', 'h', '')"
            )
            connection.execute(
                "INSERT INTO alerts (id, site, hazard, severity, certainty, place, rule, pack_hash, device, first_item,"
                " happened_at, raised_at, last_at, closed_at) VALUES (gen_random_uuid(), 'jinyuan', 'fire', 1,"
                " 'confirmed', 'jinyuan-b7', 'r', 'h', 'd', 'i', now(), now(), now(), now())"
            )
        store.replace(PlaceTree(), dry_run=False)
        with psycopg.connect(database) as connection:
            assert connection.execute("SELECT place FROM alerts").fetchall() == [("jinyuan-b7",)]
            assert connection.execute("SELECT count(*) FROM engine_state").fetchone() == (0,)
