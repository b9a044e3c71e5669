"""Every fault is found, named, and told apart from a warning."""

from dataclasses import replace

import pytest

from redwhistle.places.check import Sources, check
from redwhistle.places.model import Company, Level, Place, Point, PointKind, Ring
from redwhistle.places.problem import Problem, Severity


def square(west: float, south: float, size: float) -> Ring:
    east, north = west + size, south + size
    return ((west, south), (east, south), (east, north), (west, north), (west, south))


PLACES = (
    Place("kunming", Level.CITY, "昆明市"),
    Place("panlong", Level.DISTRICT, "盘龙区", "kunming"),
    Place("jinchen", Level.STREET, "金辰街道", "panlong"),
    Place("jinsha", Level.COMMUNITY, "金沙社区", "jinchen"),
    Place("jinsha-g1", Level.GRID, "金沙第1网格", "jinsha", polygon=((square(102.70, 25.03, 0.006),),)),
    Place(
        "jinyuan",
        Level.COMPOUND,
        "锦园",
        "jinsha-g1",
        polygon=((square(102.701, 25.031, 0.002),),),
        company="cuihu",
    ),
    Place("jinyuan-b1", Level.BUILDING, "1栋", "jinyuan", location=(102.702, 25.032)),
)
POINTS = (Point("jinyuan-exit", PointKind.EXIT, "jinyuan", (102.702, 25.031)),)
COMPANIES = (Company("cuihu", "翠湖物业"),)


def codes(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.severity.value, problem.code) for problem in problems]


def with_place(place_id: str, **changes: object) -> tuple[Place, ...]:
    return tuple(
        replace(place, **changes) if place.id == place_id else place  # type: ignore[arg-type]
        for place in PLACES
    )


def test_nothing_is_wrong_with_a_right_tree() -> None:
    assert check(PLACES, POINTS, COMPANIES) == []


@pytest.mark.parametrize(
    ("place_id", "changes", "code", "says"),
    [
        ("jinsha", {"parent": "nowhere"}, "unknown_parent", "'nowhere'"),
        ("jinyuan", {"parent": None}, "no_parent", "grid (网格)"),
        ("jinyuan", {"parent": "jinsha"}, "wrong_parent_level", "grid (网格)"),
        ("kunming", {"parent": "panlong"}, "wrong_parent_level", "leave its parent empty"),
        ("jinsha", {"name_zh": " "}, "no_name_zh", "name_zh"),
        ("jinsha", {"name_zh": "字" * 101}, "long_name", "101"),
        ("jinsha", {"name_en": "a\nb"}, "bad_name", "line break"),
        ("jinsha", {"name_en": "a\x00b"}, "bad_name", "control"),
        ("jinsha", {"name_zh": "张三 13812345678"}, "personal_data", "no personal data"),
        ("jinsha", {"name_zh": "53010219900101123X"}, "personal_data", "no personal data"),
        ("jinyuan-b1", {"id": "Building 1"}, "bad_id", "lower-case"),
        ("jinyuan-b1", {"id": "b1\n"}, "bad_id", "lower-case"),
        ("jinyuan-b1", {"tags": ("School!",)}, "bad_tag", "elderly_home"),
        ("jinyuan-b1", {"households": -1}, "bad_households", "0 to"),
        ("jinyuan-b1", {"company": "cuihu"}, "not_a_compound", "company"),
        ("jinyuan-b1", {"time_zone": "Asia/Shanghai"}, "not_a_compound", "time_zone"),
        ("jinyuan", {"company": "nobody"}, "unknown_company", "'nobody'"),
        ("jinyuan", {"time_zone": "Asia/Kunming2"}, "unknown_time_zone", "IANA"),
        ("jinyuan", {"time_zone": "../../etc/passwd"}, "unknown_time_zone", "IANA"),
        ("jinyuan-b1", {"location": (25.03, 102.7)}, "out_of_range", "swapped"),
        ("jinyuan-b1", {"location": (float("nan"), 25.0)}, "out_of_range", "WGS-84"),
        ("jinyuan", {"polygon": ((square(102.701, 25.031, 0.002)[:-1],),)}, "open_ring", "[102.701, 25.031]"),
        ("jinyuan", {"polygon": (((square(102.701, 25.031, 0.002)[:2]),),)}, "short_ring", "4 at least"),
        ("jinyuan", {"polygon": ()}, "empty_polygon", "no ring"),
        (
            "jinyuan",
            {
                "polygon": (
                    (
                        (
                            (102.701, 25.031),
                            (102.703, 25.033),
                            (102.703, 25.031),
                            (102.701, 25.033),
                            (102.701, 25.031),
                        ),
                    ),
                )
            },
            "crossing_ring",
            "one go",
        ),
        ("jinyuan", {"polygon": ((square(102.701, 25.031, 200),),)}, "out_of_range", "180"),
        (
            "jinyuan",
            {"polygon": ((square(102.701, 25.031, 0.002), square(102.7, 25.0, 0.0005)),)},
            "bad_hole",
            "inside",
        ),
        ("jinyuan", {"polygon": ((((102.7, 25.0),) * 2001,),)}, "too_many_positions", "simplify"),
    ],
)
def test_an_error_says_what_to_do(place_id: str, changes: dict[str, object], code: str, says: str) -> None:
    found = [
        problem
        for problem in check(with_place(place_id, **changes), POINTS, COMPANIES)
        if problem.code == code
    ]
    assert found
    assert found[0].severity is Severity.ERROR
    assert says in found[0].text


@pytest.mark.parametrize(
    ("place_id", "changes", "code"),
    [
        ("jinyuan", {"polygon": None}, "no_polygon"),
        ("jinsha-g1", {"polygon": None}, "no_polygon"),
        ("jinyuan", {"polygon": ((square(102.705, 25.031, 0.002),),)}, "outside_parent"),
        ("jinyuan-b1", {"location": (102.71, 25.032)}, "outside_parent"),
        ("jinyuan", {"location": (102.7055, 25.032)}, "location_outside"),
    ],
)
def test_a_warning_is_not_an_error(place_id: str, changes: dict[str, object], code: str) -> None:
    found = check(with_place(place_id, **changes), POINTS, COMPANIES)
    assert ("warning", code) in codes(found)
    assert all(problem.severity is Severity.WARNING for problem in found)


def test_a_child_may_stick_out_by_a_drawing_fault() -> None:
    a_little = ((square(102.69995, 25.031, 0.002),),)  # 5 m over the border
    assert check(with_place("jinyuan", polygon=a_little), POINTS[:0], COMPANIES) == []


def test_without_a_polygon_the_next_area_above_is_asked() -> None:
    places = with_place("jinyuan", polygon=None)
    far = (Point("far", PointKind.HYDRANT, "jinyuan", (102.75, 25.03)),)
    assert ("warning", "outside_parent") in codes(check(places, far, COMPANIES))


def test_one_id_names_one_thing_in_the_whole_tree() -> None:
    twice = (Point("jinyuan", PointKind.EXIT, "jinyuan", (102.702, 25.031)),)
    found = check(PLACES, twice, COMPANIES)
    assert codes(found) == [("error", "duplicate_id")]
    assert "place jinyuan" in found[0].text


def test_a_point_needs_a_place() -> None:
    lost = (Point("lost", PointKind.EXIT, "nowhere", (102.702, 25.031)),)
    assert codes(check(PLACES, lost, COMPANIES)) == [("error", "unknown_place")]


def test_a_circle_of_parents_is_said_once_and_ends() -> None:
    places = (
        Place("a", Level.HOUSEHOLD_GROUP, "甲", "b"),
        Place("b", Level.HOUSEHOLD_GROUP, "乙", "a"),
        Place("c", Level.HOUSEHOLD_GROUP, "丙", "a"),
    )
    cycles = [problem for problem in check(places) if problem.code == "cycle"]
    assert [problem.text for problem in cycles] == ["a → b → a is a circle of parents: correct one of them"]


def test_no_places_is_an_error() -> None:
    assert codes(check((), (), ())) == [("error", "empty")]


def test_a_problem_names_its_source() -> None:
    at = Sources(
        tuple(f"places.csv line {n}" for n in range(2, 9)), ("points.csv line 2",), ("companies.csv line 2",)
    )
    found = check(with_place("jinsha", parent="nowhere"), POINTS, COMPANIES, at)
    assert str(found[0]).startswith("places.csv line 5: parent 'nowhere'")
