"""`redwhistle places …` on files, and on a store."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer

from redwhistle.cli import GROUP, run
from redwhistle.places.changes import Use
from redwhistle.places.files import read_places
from redwhistle.places.store import MemoryPlaceStore, PlaceStore
from server.commands.places import attach

SAMPLE = Path(__file__).parents[2] / "docker" / "sample"
CITY = str(SAMPLE / "city.geojson")


class ServerWithMemory(EntryPoint):
    """The server's entry point, with a store in memory."""

    def load(self) -> object:
        @contextmanager
        def open_store() -> Iterator[PlaceStore]:
            yield STORES[self.value]

        def attach_to(app: typer.Typer) -> None:
            attach(app, open_store)

        return attach_to


STORES: dict[str, MemoryPlaceStore] = {}


@pytest.fixture
def points() -> list[EntryPoint]:
    STORES["memory"] = MemoryPlaceStore(in_use={"jinyuan": Use(boxes=1, devices=6)})
    return [ServerWithMemory("server", "memory", GROUP)]


def test_check_says_what_is_wrong_and_leaves_with_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["places", "check", CITY], []) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out
    table = tmp_path / "places.csv"
    table.write_text(
        "id,parent,level,name_zh\nkunming,,city,昆明市\npanlong,nowhere,district,盘龙区\n", encoding="utf-8"
    )
    assert run(["places", "check", str(tmp_path)], []) == 1
    assert "error: places.csv line 3: parent 'nowhere'" in capsys.readouterr().out
    assert run(["places", "check", str(tmp_path), "--json"], []) == 1
    shown = json.loads(capsys.readouterr().out)
    assert (shown["errors"], shown["warnings"]) == (1, 0)
    assert shown["problems"][0]["code"] == "unknown_parent"
    assert run(["places", "tree", str(tmp_path), "--json"], []) == 1
    assert json.loads(capsys.readouterr().err)["error"]["problems"] == [
        "places.csv line 3: parent 'nowhere' is not in these files: correct the id or add it"
    ]


def test_tree_draws_names_with_the_chinese_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["places", "tree", CITY, "--at", "jinyuan-b7"], []) == 0
    assert capsys.readouterr().out.splitlines() == [
        "7栋 Building 7 (楼栋 building: jinyuan-b7)",
        "├─ 1单元 Unit 1 (单元 unit: jinyuan-b7-u1)",
        "│  └─ 第1十户组 Ten-household group 1 (十户组 household_group: jinyuan-b7-u1-h1)",
        "└─ 2单元 Unit 2 (单元 unit: jinyuan-b7-u2)",
        "   └─ 第1十户组 Ten-household group 1 (十户组 household_group: jinyuan-b7-u2-h1)",
    ]
    assert run(["places", "tree", CITY, "--depth", "1"], []) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4
    assert run(["places", "tree", CITY, "--at", "nowhere"], []) == 1
    assert "no place 'nowhere'" in capsys.readouterr().err


def test_tree_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["places", "tree", CITY, "--at", "jinyuan", "--depth", "1", "--json"], []) == 0
    (node,) = json.loads(capsys.readouterr().out)
    assert node["name_zh"] == "锦园"
    assert [child["id"] for child in node["children"]] == [f"jinyuan-b{n}" for n in range(1, 9)]
    assert node["children"][0]["children"] == []
    assert ("jinyuan-muster", "muster") in [(point["id"], point["kind"]) for point in node["points"]]


def test_convert_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["places", "convert", CITY, str(tmp_path / "csv")], []) == 0
    assert (
        run(["places", "convert", str(tmp_path / "csv"), str(tmp_path / "city.geojson"), "--json"], []) == 0
    )
    assert (tmp_path / "city.geojson").read_bytes() == (SAMPLE / "city.geojson").read_bytes()
    capsys.readouterr()
    assert run(["places", "convert", CITY, str(tmp_path / "csv")], []) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert run(["places", "convert", CITY, str(tmp_path / "csv"), "--overwrite"], []) == 0


def test_without_a_database_a_file_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("check", "tree"):
        assert run(["places", command], []) == 1
        assert "redwhistle[server]" in capsys.readouterr().err


def test_import_first_dry_then_in_earnest_then_again(
    points: list[EntryPoint], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["places", "import", CITY, "--dry-run"], points) == 0
    shown = capsys.readouterr().out
    assert "397 added, 0 changed, 0 removed" in shown
    assert "more (all of them with --json)" in shown
    assert "would be 243 places" in shown
    assert STORES["memory"].load().places == ()
    assert run(["places", "import", str(SAMPLE / "csv")], points) == 0
    assert STORES["memory"].load() == read_places(SAMPLE / "city.geojson").tree()
    capsys.readouterr()
    assert run(["places", "import", CITY, "--json"], points) == 0
    assert json.loads(capsys.readouterr().out) == {
        "dry_run": False,
        "added": [],
        "changed": [],
        "removed": [],
    }
    assert run(["places", "check"], points) == 0
    assert run(["places", "tree", "--at", "jinhe", "--depth", "0"], points) == 0
    assert "锦和 Jinhe" in capsys.readouterr().out


def test_import_refuses_what_would_cut_off_a_box(
    points: list[EntryPoint], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["places", "import", CITY], points) == 0
    before = STORES["memory"].load()
    (tmp_path / "places.csv").write_text("id,parent,level,name_zh\nkunming,,city,昆明市\n", encoding="utf-8")
    assert run(["places", "import", str(tmp_path)], points) == 1
    assert (
        "error: 'jinyuan' cannot be removed: 1 box, 6 devices still there; move them first"
        in capsys.readouterr().err
    )
    assert STORES["memory"].load() == before
    (tmp_path / "places.csv").write_text("id,parent,level,name_zh\nkunming,,city,\n", encoding="utf-8")
    assert run(["places", "import", str(tmp_path)], points) == 1
    assert "places.csv line 2" in capsys.readouterr().err
    assert STORES["memory"].load() == before


def test_export_gives_back_what_was_imported(
    points: list[EntryPoint], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["places", "export", str(tmp_path / "x.geojson")], points) == 1
    assert "redwhistle places import FILE" in capsys.readouterr().err
    assert run(["places", "import", CITY], points) == 0
    assert run(["places", "export", str(tmp_path / "x.geojson")], points) == 0
    assert (tmp_path / "x.geojson").read_bytes() == (SAMPLE / "city.geojson").read_bytes()
    assert run(["places", "export", str(tmp_path / "tables.d"), "--format", "csv"], points) == 0
    assert read_places(tmp_path / "tables.d").tree() == STORES["memory"].load()
    assert run(["places", "export", str(tmp_path / "x.geojson")], points) == 1
    assert "--overwrite" in capsys.readouterr().err
