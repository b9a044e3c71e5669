"""Scope.covers in the program and places_in_scope in the database say the same, about any tree."""

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.rights.scope import Scope
from server.store.connection import connect

pytestmark = pytest.mark.servers

LEVELS = [
    "city",
    "district",
    "street",
    "community",
    "grid",
    "compound",
    "building",
    "unit",
    "household_group",
]
COMPANIES = ["jin", "hua", "nobody"]
Tree = list[tuple[str, str | None, str, str | None]]


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Places as (id, parent, level, company): one city or two, and children of random places above."""
    count = draw(st.integers(2, 25))
    cities: Tree = [("p0", None, "city", None), ("p1", None, "city", None)]
    tree = cities[: draw(st.integers(1, 2))]
    for number in range(len(tree), count):
        parent, _, level, _ = tree[draw(st.integers(0, number - 1))]
        deeper = LEVELS[min(LEVELS.index(level) + draw(st.integers(1, 2)), len(LEVELS) - 1)]
        company = draw(st.sampled_from([None, "jin", "hua"])) if deeper == "compound" else None
        tree.append((f"p{number}", parent, deeper, company))
    return tree


IDS = st.sampled_from([f"p{number}" for number in range(25)] + ["gone", ""])
SCOPES = st.builds(
    Scope,
    st.sampled_from([False, False, False, True]),
    st.frozensets(IDS, max_size=4),
    st.frozensets(st.sampled_from(COMPANIES)),
)


@given(trees(), st.lists(SCOPES, min_size=1, max_size=4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_two_scopes_agree(database: str, tree: Tree, scopes: list[Scope]) -> None:
    above = {place: (parent, level, company) for place, parent, level, company in tree}

    def path(place: str) -> list[str]:
        parent = above[place][0]
        return [place, *(path(parent) if parent else [])]

    def served_by(place: str) -> str | None:
        return next((above[up][2] for up in path(place) if above[up][1] == "compound"), None)

    with connect(database, name="test") as connection:
        _fill(connection, tree)
        for scope in scopes:
            rows = connection.execute(
                "SELECT id FROM places_in_scope(%(scope_all)s, %(scope_places)s::text[],"
                " %(scope_companies)s::text[])",
                scope.parameters(),
            ).fetchall()
            found = [row[0] for row in rows]
            assert len(found) == len(set(found))
            assert set(found) == {p for p in above if scope.covers(path(p), served_by(p))}
        connection.rollback()


def test_the_scope_stays_a_function_of_its_own_in_the_queries_around_it(database: str) -> None:
    """Merged into a query it would be planned for a multiple of the tree, and compared with each row one by one."""
    with connect(database, name="test") as connection:
        for function in ("places_in_scope(false, '{p0}', '{}')", "places_below('p0')"):
            plan = connection.execute(
                f"EXPLAIN SELECT FROM boxes WHERE box = 'x' OR site IN (SELECT s.id FROM {function} s)".encode()
            ).fetchall()
            text = "\n".join(str(row[0]) for row in plan)
            assert "hashed SubPlan" in text
            assert "Function Scan" in text


def test_unknown_values_give_nothing_and_a_ring_of_places_ends(database: str) -> None:
    with connect(database, name="test") as connection:
        _fill(connection, [("p0", None, "city", None), ("p1", "p0", "district", None)])
        assert connection.execute("SELECT id FROM places_in_scope(NULL, NULL, NULL)").fetchall() == []
        assert connection.execute("SELECT id FROM places_in_scope(NULL, '{p0}', '{}')").fetchall() == []
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        connection.execute("ALTER TABLE places DROP CONSTRAINT places_root_is_city")
        connection.execute("UPDATE places SET parent = 'p1' WHERE id = 'p0'")
        ring = connection.execute("SELECT id FROM places_in_scope(false, '{p1}', '{}')").fetchall()
        assert sorted(ring) == [("p0",), ("p1",)]
        connection.rollback()


def _fill(connection: psycopg.Connection[tuple[object, ...]], tree: Tree) -> None:
    connection.execute("INSERT INTO companies (id, name_zh) VALUES ('jin', '锦'), ('hua', '华')")
    connection.cursor().executemany(
        "INSERT INTO places (id, parent, level, company, name_zh) VALUES (%s, %s, %s, %s, 'x')",
        [(place, parent, level, company) for place, parent, level, company in tree],
    )
