"""GeoJSON and CSV: exact round trips; bad files are refused whole, with their line or feature."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redwhistle.errors import ConfigurationError, PlacesError
from redwhistle.places.draft import Draft
from redwhistle.places.files import Format, format_for, read_places, write_places
from redwhistle.places.geojson import read_geojson, write_geojson
from redwhistle.places.model import (
    PARENT_LEVELS,
    Company,
    ContactRole,
    Level,
    LonLat,
    MultiPolygon,
    Place,
    Point,
    PointKind,
    Ring,
)
from redwhistle.places.problem import errors_of
from redwhistle.places.tables import read_tables, write_tables
from redwhistle.places.tree import PlaceTree
from redwhistle.places.wkt import read_polygon, write_polygon

HEAD = "id,parent,level,name_zh\n"
CITY = "kunming,,city,昆明市\n"

names = (
    st.text(
        st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="0123456789"),
        max_size=20,
    )
    | st.sampled_from(['"', "a,b", "a;b", "'", "=1+1", "锦园", "ﾟ", "\ufeffx"])
).map(str.strip)
names_zh = names.filter(bool)
lonlats = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
parts = st.builds(
    lambda lon, lat, w, h, hole: (box(lon, lat, w, h), *((box(lon + w / 4, lat + h / 4, w / 2, h / 2),) if hole else ())),
    st.floats(-170, 160), st.floats(-80, 70), st.floats(1e-4, 9), st.floats(1e-4, 9), st.booleans(),
)  # fmt: skip
polygons: st.SearchStrategy[MultiPolygon] = st.lists(parts, min_size=1, max_size=2).map(tuple)


def box(west: float, south: float, width: float, height: float) -> Ring:
    east, north = west + width, south + height
    return ((west, south), (east, south), (east, north), (west, north), (west, south))


@st.composite
def trees(draw: st.DrawFn) -> PlaceTree:
    companies = [
        Company(f"company-{n}", draw(names_zh), draw(names), draw(st.booleans()))
        for n in range(draw(st.integers(0, 2)))
    ]
    places = [Place("p0", Level.CITY, draw(names_zh))]
    for number in range(1, draw(st.integers(1, 14))):
        parent = draw(st.sampled_from(places))
        fitting = [level for level, above in PARENT_LEVELS.items() if parent.level in above]
        if not fitting:
            continue
        level = draw(st.sampled_from(fitting))
        is_site = level is Level.COMPOUND
        places.append(
            Place(
                id=f"p{number}",
                level=level,
                name_zh=draw(names_zh),
                parent=parent.id,
                name_en=draw(names),
                location=draw(st.none() | lonlats),
                polygon=draw(st.none() | polygons),
                tags=tuple(draw(st.lists(st.sampled_from(["school", "elderly_home", "market"]), max_size=2))),
                households=draw(st.none() | st.integers(0, 5000)),
                contact_roles=tuple(draw(st.lists(st.sampled_from(ContactRole), max_size=2))),
                company=draw(st.sampled_from([company.id for company in companies]))
                if is_site and companies
                else None,
                time_zone=draw(st.sampled_from([None, "Asia/Shanghai"])) if is_site else None,
            )
        )
    points = [
        Point(
            f"point-{n}",
            draw(st.sampled_from(PointKind)),
            draw(st.sampled_from(places)).id,
            draw(lonlats),
            draw(names),
            draw(names),
        )
        for n in range(draw(st.integers(0, 3)))
    ]
    return PlaceTree(tuple(places), tuple(points), tuple(companies))


@pytest.mark.slow
@given(trees())
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_both_forms_give_the_same_tree_back(tree: PlaceTree) -> None:
    assert read_geojson(write_geojson(tree), "x.geojson").tree() == tree
    tables = write_tables(tree)
    assert read_tables(tables).tree() == tree
    assert write_tables(read_tables(tables).tree()) == tables


@given(polygons)
def test_wkt_keeps_every_digit(polygon: MultiPolygon) -> None:
    assert read_polygon(write_polygon(polygon)) == polygon


@given(st.binary(max_size=300))
def test_any_bytes_are_a_draft_never_an_exception(data: bytes) -> None:
    for draft in (
        read_geojson(data, "x.geojson"),
        read_tables({"places.csv": data}),
        read_tables({"places.csv": HEAD.encode() + data}),
    ):
        must_be_refused_or_whole(draft)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["Point", "Polygon", "place"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["type", "id", "properties", "geometry", "coordinates", "level", "parent", "tags", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(st.lists(json_values, max_size=3), json_values)
def test_any_json_is_a_draft_never_an_exception(features: list[Any], inner: Any) -> None:
    feature = {"type": "Feature", "id": "a", "properties": inner, "geometry": inner}
    place = {
        "type": "Feature",
        "id": "a",
        "properties": {"type": "place", "level": "city", "tags": inner, "location": inner},
    }
    document = {"type": "FeatureCollection", "features": [*features, feature, place]}
    must_be_refused_or_whole(read_geojson(json.dumps(document).encode(), "x.geojson"))


def must_be_refused_or_whole(draft: Draft) -> None:
    if errors_of(draft.problems()):
        with pytest.raises(PlacesError):
            draft.tree()
    else:
        assert len(draft.tree().places) == len(draft.places)


@pytest.mark.slow
@given(trees(), st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_file_is_refused_or_read_whole(tree: PlaceTree, data: st.DataObject) -> None:
    tables = write_tables(tree)
    whole = tables["places.csv"]
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    must_be_refused_or_whole(read_tables({**tables, "places.csv": damaged}))
    text = write_geojson(tree)
    with pytest.raises(PlacesError):
        read_geojson(text[: data.draw(st.integers(0, len(text) - 3))], "x.geojson").tree()


def refusal(files: dict[str, bytes]) -> str:
    with pytest.raises(PlacesError) as caught:
        read_tables(files).tree()
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "line", "says"),
    [
        (b"\x00" + HEAD.encode(), 1, "NUL"),
        (HEAD.encode() + CITY.encode() + b"p,\x00,x,y\n", 3, "NUL"),
        ((HEAD + CITY).encode() + b"panlong,kunming,district,\xe7\x9b\n", 3, "0xe7"),
        ((HEAD + CITY).encode("utf-16"), 1, "UTF-16"),
        ("id,parent,level\n" + CITY, 1, "'name_zh' is missing"),
        ("id,parent,level,name_zh,phone\n", 1, "unknown column 'phone'"),
        ("id,parent,level,name_zh,id\n", 1, "twice"),
        (HEAD + CITY + "panlong,kunming,district\n", 3, "3 cells"),
        (HEAD + CITY + "panlong,kunming,district,盘龙区,x\n", 3, "5 cells"),
        (HEAD + CITY + "\n\npanlong,kunming,county,盘龙区\n", 5, "level 'county'"),
        (HEAD + CITY + 'panlong,kunming,district,"盘龙区\n', 3, "quote"),
        (HEAD + CITY + f"panlong,kunming,district,{'x' * 140_000}\n", 3, "field limit"),
        (HEAD + CITY + ",kunming,district,盘龙区\n", 3, "id is empty"),
        (HEAD + CITY + "kunming,,city,昆明市\n", 3, "places.csv line 2"),
        (HEAD + '"kunming\n",,city,昆明市\n' + "panlong,nowhere,district,盘龙区\n", 4, "'nowhere'"),
    ],
)
def test_a_table_that_cannot_be_read_names_its_line(data: bytes | str, line: int, says: str) -> None:
    text = refusal({"places.csv": data.encode() if isinstance(data, str) else data})
    assert f"places.csv line {line}" in text
    assert says in text


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("CIRCLE (1 1)", "POLYGON"),
        ("POLYGON ((1 1, 2 2", "the end"),
        ("POLYGON ((1 1, 2 2)) x", "'x'"),
        ("POLYGON ((1 one, 2 2))", "'one'"),
        ("POLYGON ((1 inf, 2 2))", "'inf'"),
        ("POLYGON EMPTY", "'EMPTY'"),
    ],
)
def test_a_polygon_that_cannot_be_read_says_where_it_breaks(cell: str, says: str) -> None:
    text = refusal(
        {"places.csv": f'id,parent,level,name_zh,polygon_wkt\nkunming,,city,昆明市,"{cell}"\n'.encode()}
    )
    assert "places.csv line 2: " in text
    assert says in text


def test_a_point_and_a_company_name_their_files() -> None:
    files = {
        "places.csv": (HEAD + CITY).encode(),
        "points.csv": b"id,place,kind,lon,lat\nx,kunming,exit,102.7,\n",
        "companies.csv": "id,name_zh,red\nc,翠湖,maybe\n".encode(),
    }
    text = refusal(files)
    assert "points.csv line 2: lat ''" in text
    assert "companies.csv line 2: red 'maybe'" in text
    assert "places.csv: this table is missing" in refusal({})


def test_gb18030_as_excel_in_china_writes_it() -> None:
    draft = read_tables({"places.csv": (HEAD + CITY + "panlong,kunming,district,盘龙区\n").encode("gb18030")})
    assert [place.name_zh for place in draft.tree().places] == ["昆明市", "盘龙区"]
    assert [(problem.code, problem.severity) for problem in draft.problems()] == [("gb18030", "warning")]
    assert "UTF-8" in draft.problems()[0].text


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_utf8_with_and_without_a_mark_and_windows_lines(mark: bytes) -> None:
    draft = read_tables({"places.csv": mark + (HEAD + CITY).replace("\n", "\r\n").encode()})
    assert draft.problems() == []
    assert draft.tree().place("kunming").name_zh == "昆明市"
    again = read_geojson(mark + write_geojson(draft.tree()), "x.geojson")
    assert again.tree() == draft.tree()


def test_columns_in_any_order_and_empty_lines_of_excel() -> None:
    text = "name_zh,ID ,level,parent,,\n昆明市,kunming,city,,,\n,,,,,\n盘龙区,panlong,district,kunming,,\n"
    assert len(read_tables({"places.csv": text.encode()}).tree().places) == 2


def feature(properties: Any, geometry: Any = None, **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": "a", "properties": properties, "geometry": geometry} | more


CITY_FEATURE = feature({"type": "place", "level": "city", "name_zh": "昆明市"}, id="kunming")


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (feature({"type": "place", "level": "county"}), "level 'county'"),
        (feature({"type": "tree"}), "properties.type"),
        (feature({"type": "place", "level": "district", "owner_phone": "1"}), "'owner_phone'"),
        (feature({"type": "point", "kind": "exit", "place": "kunming"}), "needs its location"),
        (feature({"type": "company"}, {"type": "Point", "coordinates": [1, 2]}), "no shape"),
        (
            feature({"type": "place", "level": "city"}, {"type": "LineString", "coordinates": []}),
            "LineString",
        ),
        (feature({"type": "place", "level": "city"}, {"type": "Point", "coordinates": [1]}), "[1]"),
        (
            feature({"type": "place", "level": "city"}, {"type": "Point", "coordinates": [True, 1]}),
            "position",
        ),
        (feature({"type": "place", "level": "city"}, {"type": "Polygon", "coordinates": []}), "rings"),
        (feature({"type": "place", "level": "city", "tags": "school"}), "list of words"),
        (feature({"type": "place", "level": "city", "households": True}), "households"),
        (feature({"type": "place", "level": "city", "id": "b"}), "differ"),
        (feature({"type": "place", "level": "city"}, id=7), "not a text"),
        (
            feature(
                {"type": "place", "level": "city", "location": [1, 2]},
                {"type": "Point", "coordinates": [1, 2]},
            ),
            "twice",
        ),
        (feature(None), "properties"),
        ([], "Feature"),
    ],
)
def test_a_feature_that_cannot_be_read_names_its_number_and_id(bad: Any, says: str) -> None:
    document = {"type": "FeatureCollection", "features": [CITY_FEATURE, bad]}
    with pytest.raises(PlacesError) as caught:
        read_geojson(json.dumps(document).encode(), "city.geojson").tree()
    assert "city.geojson feature 2" in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"type": "FeatureCollection",\n "features": [}', "city.geojson line 2: not JSON"),
        ("[]", "not a GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection", "features": 1}', "not a list"),
        ('{"type": "FeatureCollection", "redwhistle_places": 2, "features": []}', "format '2'"),
        ('{"type": "FeatureCollection", "crs": {"name": "EPSG:2343"}, "features": []}', "WGS-84"),
        ('{"type": "FeatureCollection", "type": "x", "features": []}', "'type' stands twice"),
        ('{"type": "FeatureCollection", "x": NaN, "features": []}', "NaN"),
        ('{"type": "FeatureCollection", "features": []}', "no place at all"),
        ("[" * 100_000, "not usable"),
    ],
)
def test_a_file_that_is_no_geojson_says_so(text: str, says: str) -> None:
    with pytest.raises(PlacesError) as caught:
        read_geojson(text.encode(), "city.geojson").tree()
    assert says in str(caught.value)


def test_heights_and_ids_in_properties_as_other_programs_write_them() -> None:
    document = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
        "features": [
            feature(
                {"type": "place", "id": "kunming", "level": "city", "name_zh": "昆明市"},
                {"type": "Point", "coordinates": [102.7, 25, 1890]},
                id=None,
            )
        ],
    }
    tree = read_geojson(json.dumps(document).encode(), "x.geojson").tree()
    assert tree.place("kunming").location == (102.7, 25.0)


def test_files_are_written_whole_and_never_by_accident(tmp_path: Path) -> None:
    tree = PlaceTree((Place("kunming", Level.CITY, "昆明市", location=LOCATION),))
    for target in (tmp_path / "deep" / "city.geojson", tmp_path / "city"):
        written = write_places(tree, target, format_for(target))
        assert read_places(target).tree() == tree
        with pytest.raises(ConfigurationError, match="--overwrite"):
            write_places(tree, target, format_for(target))
        write_places(tree, target, format_for(target), overwrite=True)
        assert sorted(file.name for file in written[0].parent.iterdir()) == sorted(
            file.name for file in written
        )


def test_paths_that_cannot_be_used_say_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        read_places(tmp_path / "none.geojson")
    with pytest.raises(ConfigurationError, match="give the folder"):
        read_places(tmp_path / "places.csv")
    with pytest.raises(ConfigurationError, match=r"give a \.geojson file"):
        read_places(tmp_path / "places.xlsx")
    with pytest.raises(ConfigurationError, match="without an ending"):
        format_for(tmp_path / "places.xlsx")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_places(PlaceTree(), tmp_path / "file", Format.CSV)


LOCATION: LonLat = (102.7342, 25.0401)
