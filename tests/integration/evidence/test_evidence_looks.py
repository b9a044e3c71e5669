"""Looking at pictures: only in one's own part of the tree, never without a record, never after their time."""

import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from redwhistle import cli
from redwhistle.clock import SystemClock, from_ms, to_ms
from redwhistle.errors import NotFound
from server.rights.scope import Scope
from server.store import evidence as store
from server.store.connection import Connection, connect
from server.store.evidence import After, Look
from server.store.evidence_keeping import remove_expired
from tests.integration.evidence.making import NOW_MS, PICTURE, World, evidence, fire, message, uuid7

pytestmark = pytest.mark.servers

NOW = from_ms(NOW_MS)
ZHANG = Look("zhangwei", "api", "10.0.0.7")


@pytest.fixture
def connection(world: World) -> Iterator[Connection]:
    with connect(world.url, name="test", autocommit=True) as opened:
        yield opened


@pytest.fixture
def known(world: World) -> UUID:
    """A picture of a fire in jinyuan."""
    event = uuid7()
    one = evidence(event)
    world.alarms.handle([fire(event)])
    world.pictures.handle([message(one)])
    return one.id


def scope(*places: str, companies: frozenset[str] = frozenset()) -> Scope:
    return Scope(places=frozenset(places), companies=companies)


@pytest.mark.parametrize("within", [Scope.ALL, scope("grid"), scope("jinyuan"), scope("nowhere", "city")])
def test_who_is_responsible_sees_it_with_everything_that_is_known(
    world: World, connection: Connection, known: UUID, within: Scope
) -> None:
    row = store.read_evidence(connection, within, str(known), NOW)
    item, alert = world.rows(
        "SELECT w.id::text, a.id::text FROM work_items w JOIN alerts a ON a.id = w.alert"
    )[0]
    assert (row["id"], row["item"], row["alert"], row["kept"], row["views"]) == (
        str(known),
        item,
        alert,
        True,
        0,
    )
    assert ([one["id"] for one in row["items"]], row["bytes"]) == ([item], len(PICTURE))
    assert [place["id"] for place in row["path"]][-1] == "jinyuan"
    assert row["expires_at"] == NOW + timedelta(hours=72)
    assert "jpeg" not in row
    for asked in ({"item": item}, {"alert": alert}, {"at": "grid"}, {}):
        assert [one["id"] for one in store.list_evidence(connection, within, NOW, **asked)] == [str(known)]
    assert store.list_evidence(connection, within, NOW, item=str(uuid7())) == []
    assert store.list_evidence(connection, within, NOW, at="jinhe") == []
    assert store.list_evidence(connection, within, NOW, exercise="drill-1") == []


@pytest.mark.parametrize("within", [Scope(), scope("jinhe"), scope(companies=frozenset({"other"}))])
def test_others_see_the_same_as_for_an_id_that_does_not_exist(
    world: World, connection: Connection, known: UUID, within: Scope
) -> None:
    assert store.list_evidence(connection, within, NOW) == []
    for act in (
        lambda which: store.read_evidence(connection, within, which, NOW),
        lambda which: store.view(connection, within, which, ZHANG, NOW),
    ):
        texts = []
        for which in (str(known), str(uuid7()), "no uuid"):
            with pytest.raises(NotFound) as refused:
                act(which)
            texts.append(str(refused.value).replace(which, "ID"))
        assert len(set(texts)) == 1
    assert world.one("SELECT count(*) FROM evidence_views") == 0


def test_a_manager_sees_the_compounds_of_the_company(
    world: World, connection: Connection, known: UUID
) -> None:
    with psycopg.connect(world.url) as direct:
        direct.execute("INSERT INTO companies (id, name_zh) VALUES ('jin', '金') ON CONFLICT DO NOTHING")
        direct.execute("UPDATE places SET company = 'jin' WHERE id = 'jinyuan'")
    manager = scope(companies=frozenset({"jin"}))
    assert store.read_evidence(connection, manager, str(known), NOW)["id"] == str(known)


def test_a_place_that_left_the_tree_is_for_everything_only(
    world: World, connection: Connection, known: UUID
) -> None:
    with psycopg.connect(world.url) as direct:
        direct.execute("UPDATE evidence SET place = 'gone'")
    assert store.list_evidence(connection, scope("city"), NOW) == []
    assert len(store.list_evidence(connection, Scope.ALL, NOW)) == 1


def test_every_look_is_recorded_before_the_picture_is_given(
    world: World, connection: Connection, known: UUID
) -> None:
    item = world.one("SELECT id::text FROM work_items")
    assert store.view(connection, scope("grid"), str(known), ZHANG, NOW) == PICTURE
    again = Look("lina", "cli", item=item)
    assert store.view(connection, Scope.ALL, str(known), again, NOW + timedelta(minutes=1)) == PICTURE
    number, alert = world.rows("SELECT w.number, a.number FROM work_items w JOIN alerts a ON a.id = w.alert")[
        0
    ]
    views = store.list_views(connection, scope("grid"))
    assert [
        (v["person"], v["person_name"], v["door"], v["address"], v["item_number"], v["alert"]) for v in views
    ] == [
        ("lina", None, "cli", "", number, alert),
        ("zhangwei", None, "api", "10.0.0.7", number, alert),
    ]
    assert store.list_views(connection, scope("jinhe")) == []
    assert [v["person"] for v in store.list_views(connection, Scope.ALL, person="lina")] == ["lina"]
    assert store.list_views(connection, Scope.ALL, evidence=str(uuid7())) == []
    assert [v["person"] for v in store.list_views(connection, Scope.ALL, after=views[0]["id"])] == [
        "zhangwei"
    ]
    assert store.read_evidence(connection, Scope.ALL, str(known), NOW)["views"] == 2
    for forbidden in ("UPDATE evidence_views SET person = 'x'", "DELETE FROM evidence_views"):
        with psycopg.connect(world.url) as direct, pytest.raises(psycopg.Error, match="append-only"):
            direct.execute(forbidden)


def test_without_a_record_there_is_no_picture(world: World, connection: Connection, known: UUID) -> None:
    with psycopg.connect(world.url) as direct:
        direct.execute("ALTER TABLE evidence_views ADD CONSTRAINT broken CHECK (person <> 'zhangwei')")
    with pytest.raises(Exception, match="broken"):
        store.view(connection, Scope.ALL, str(known), ZHANG, NOW)
    assert world.one("SELECT count(*) FROM evidence_views") == 0


def test_after_its_time_nobody_sees_it_whether_or_not_it_is_gone(
    world: World, connection: Connection, known: UUID
) -> None:
    late = NOW + timedelta(hours=72)
    assert not store.read_evidence(connection, Scope.ALL, str(known), late)["kept"]
    with pytest.raises(NotFound, match="removed"):
        store.view(connection, Scope.ALL, str(known), ZHANG, late)
    remove_expired(connection, late, timedelta(hours=72))
    with pytest.raises(NotFound, match="removed"):
        store.view(connection, Scope.ALL, str(known), ZHANG, NOW)
    row = store.read_evidence(connection, Scope.ALL, str(known), late)
    assert (row["kept"], row["removed_why"]) == (False, "expired")
    assert world.one("SELECT count(*) FROM evidence_views") == 0


def test_pages_follow_each_other(world: World, connection: Connection) -> None:
    sent = [evidence(uuid7()) for _ in range(7)]
    for n, one in enumerate(sent):
        world.pictures.handle([message(one, NOW_MS + n // 2)])
    found: list[str] = []
    after: After | None = None
    while page := store.list_evidence(connection, Scope.ALL, NOW, after=after, limit=3):
        found += [row["id"] for row in page]
        after = After(page[-1]["received_at"], page[-1]["id"])
    assert len(found) == 7
    assert set(found) == {str(one.id) for one in sent}


@pytest.fixture
def run(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    monkeypatch.setenv("REDWHISTLE_DATABASE_URL", world.url)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")

    def run(*argv: str, code: int = 0) -> str:
        capsys.readouterr()
        assert cli.run(list(argv)) == code, capsys.readouterr()
        told = capsys.readouterr()
        return told.out if code == 0 else told.err

    return run


def test_the_command_line_lists_looks_and_tells_who_looked(
    world: World, run: Callable[..., str], tmp_path: Path
) -> None:
    assert "没有证据图片" in run("evidence", "list")
    assert "没有人查看过" in run("evidence", "views")
    event, now_ms = uuid7(), to_ms(SystemClock().now())
    one = evidence(event)
    world.alarms.handle([fire(event)])
    world.pictures.handle([message(one, now_ms)])
    assert "整幅画面已模糊" in run("evidence", "list", "--item", "1")
    file = tmp_path / "fire.jpg"
    told = run("evidence", "view", str(one.id), "--to", str(file), "--as", "zhangwei")
    assert "zhangwei" in told
    assert file.read_bytes() == PICTURE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "there already" in run("evidence", "view", str(one.id), "--to", str(file), "--as", "x", code=1)
    missing = tmp_path / "none.jpg"
    assert "no evidence" in run("evidence", "view", str(uuid7()), "--to", str(missing), "--as", "x", code=1)
    assert not missing.exists()
    run("evidence", "view", str(one.id), "--to", str(missing), "--as", " ", code=1)
    assert "zhangwei" in run("evidence", "views", str(one.id))
    assert run("evidence", "views", "--by", "zhangwei", "--json").count("zhangwei") == 1
    assert "#1" in run("evidence", "list", "--at", "grid", "--lang", "en")
