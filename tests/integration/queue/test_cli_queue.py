"""The commands as people and scripts use them, on a real database with the real engine."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from redwhistle import cli
from redwhistle.clock import to_ms
from server.alerts import engine, rules, runner
from server.alerts.model import EventItem, Subject
from server.cli import attach
from server.store.connection import Connection, connect
from server.store.unit_of_work import begin

pytestmark = pytest.mark.servers

PACK = rules.default_pack()
Run = Callable[..., Any]


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    with connect(url, name="test", autocommit=True) as connection:
        yield connection


@pytest.fixture
def run(database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command; gives its JSON (with --json) or text; `code` is the exit code that is expected."""
    monkeypatch.setenv("REDWHISTLE_DATABASE_URL", database)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")

    def run(*argv: str, code: int = 0) -> Any:
        capsys.readouterr()
        assert cli.run(list(argv)) == code, capsys.readouterr()
        out, err = capsys.readouterr()
        text = out if code == 0 else err
        return json.loads(text) if "--json" in argv else text

    return run


def sound(database: str, device: str, now: datetime, kind: str = "smoke", *, test: bool = False) -> None:
    subject = Subject(
        "jinyuan", "box-1", device, "smoke", "jinyuan-b7-u2", ("jinyuan", "jinyuan-b7", "jinyuan-b7-u2")
    )
    item = EventItem(f"{device}-{to_ms(now)}", subject, kind, to_ms(now), test=test, data={"level": 0.4})
    with connected(database) as connection, begin(connection) as uow:
        runner.step(uow, {("jinyuan", ""): [item]}, PACK, now, judge=engine)


def test_from_alarm_to_close(database: str, run: Run) -> None:
    now = datetime.now(UTC)
    sound(database, "smoke-1", now)
    (item,) = run("queue", "list", "--grid", "jinsha-g3", "--json")["items"]
    assert item["place_name"] == {"zh": "锦园7栋2单元", "en": "Jinyuan, Building 7, Unit 2"}
    assert item["state_name"] == {"zh": "疑似", "en": "suspected"}
    assert 290 < item["left_s"] <= 300
    number = str(item["number"])
    text = run("queue", "list")
    for part in ("Ⅱ▲", "锦园7栋2单元", "金沙3网格", "疑似", "×1", "剩"):
        assert part in text
    text = run("queue", "list", "--lang", "en")
    for part in ("Ⅱ▲", "Jinyuan, Building 7, Unit 2", "Jinsha grid 3", "suspected", "left"):
        assert part in text
    assert "张伟" in run("queue", "claim", number, "--as", "张伟", "--grid", "jinsha-g3")
    fault = run("queue", "claim", number, "--as", "李娜", "--json", code=1)["error"]
    assert fault["type"] == "AlreadyClaimed"
    assert "张伟" in fault["text"]
    assert "jinsha-g3" in run("queue", "claim", number, "--as", "李娜", "--grid", "jinsha-g4", code=1)
    run("queue", "renew", number, "--as", "张伟")
    run("queue", "on-scene", number, "--as", "张伟")
    run("queue", "comment", number, "电梯停运", "--as", "李娜")
    assert "reason" in run("queue", "resolve", number, "--as", "张伟", code=2)
    run("queue", "resolve", number, "--as", "张伟", "--reason", "煎锅")
    run("queue", "undo", number, "--as", "张伟")
    done = run("queue", "false-alarm", number, "--as", "张伟", "--reason", "蒸汽", "--json")
    assert done["closes_at"]
    assert done["history"][0]["act"] == "false_alarm"
    closed = run("queue", "close", number, "--as", "张伟", "--json")
    assert (closed["state"], closed["outcome"], closed["closed_by"]) == ("closed", "false_alarm", "张伟")
    assert "早已如此" in run("queue", "close", number, "--as", "张伟"), (
        "as after ten seconds of the command's own way"
    )
    assert run("queue", "close", number, "--as", "张伟", "--json")["history"] == []
    assert "closed already, by 张伟" in run("queue", "close", number, "--as", "李娜", code=1)
    assert run("queue", "list", "--json")["items"] == []
    assert "空" in run("queue", "list")
    assert len(run("queue", "list", "--all", "--json")["items"]) == 1
    shown = run("queue", "show", item["id"], "--json")
    acts = [entry["act"] for entry in shown["history"]]
    assert acts == [
        "raise",
        "claim",
        "renew",
        "on_scene",
        "comment",
        "resolve",
        "undo",
        "false_alarm",
        "close",
    ]
    text = run("queue", "show", number)
    for part in ("电梯停运", "李娜", "煎锅", "撤销", "alert show"):
        assert part in text
    sound(database, "smoke-1", now + timedelta(minutes=20))
    assert len(run("queue", "list", "--json")["items"]) == 1, "alert after close raises anew"


def test_filters_and_what_is_not_there(database: str, run: Run) -> None:
    sound(database, "smoke-1", datetime.now(UTC))
    assert run("queue", "list", "--at", "jinyuan-b8", "--json")["items"] == []
    assert len(run("queue", "list", "--at", "panlong", "--json")["items"]) == 1
    assert run("queue", "list", "--exercise", "drill-1", "--json")["items"] == []
    assert "no place" in run("queue", "list", "--at", "atlantis", code=1)
    assert "99" in run("queue", "show", "99", code=1)
    assert "nothing is called" in run("queue", "show", "x y", code=1)
    assert "version" in run("queue", "claim", "1", "--as", "张伟", "--version", "9", code=1)
    assert "name" in run("queue", "claim", "1", "--as", " ", code=1)
    run("queue", "list", "--nonsense", code=2)


def test_no_database_says_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDWHISTLE_DATABASE_URL")
    assert "--database-url" in run("queue", "list", code=1)
    assert run("queue", "list", "--json", code=1)["error"]["type"] == "ConfigurationError"
    unreachable = run("queue", "list", "--database-url", "postgresql://127.0.0.1:1/x", "--json", code=1)
    assert unreachable["error"]["type"] == "Unavailable"


def test_why_it_fired_and_why_nobody_was_told(database: str, run: Run) -> None:
    now = datetime.now(UTC)
    sound(database, "smoke-1", now, test=True)
    sound(database, "smoke-1", now)
    sound(database, "smoke-1", now + timedelta(seconds=2))
    (alert,) = run("alert", "list", "--json")["alerts"]
    text = run("alert", "show", str(alert["number"]), "--why")
    spec = next(s for s in PACK.spec.rules if s.id == alert["rule"])
    zh, en = rules.explain(spec)
    for part in (alert["rule"], zh, "smoke-1", "level=0.4", "为何没有通知", "测试", "时间线"):
        assert part in text, part
    text = run("alert", "show", str(alert["number"]), "--why", "--lang", "en")
    assert en in text
    assert "Why nobody was told" in text
    shown = run("alert", "show", alert["id"], "--json")
    assert shown["rule_in_words"] == {"zh": zh, "en": en}
    assert "test" in {entry["code"] for entry in shown["quiet"]}
    assert [entry["decision"] for entry in shown["log"]] == ["raise", "repeat"]
    assert "锦园7栋2单元" in run("alert", "list")
    assert run("alert", "list", "--at", "jinhe", "--json")["alerts"] == []
    assert "alert list" in run("alert", "show", "99", code=1)


def test_silences(database: str, run: Run) -> None:
    silence = ["silence", "add", "--start", "now", "--author", "张伟", "--comment", "检修"]
    assert "--site" in run(*silence, "--end", "2099-01-01T08:00", code=1)
    assert "31" in run(*silence, "--site", "jinyuan", "--end", "2099-01-01T08:00", code=1)
    assert "time" in run(*silence, "--site", "jinyuan", "--end", "soon", code=1)
    assert "one compound" in run(*silence, "--place", "jinsha-g3", "--end", "2099-01-01T08:00", code=1)
    end = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    made = run(*silence, "--place", "jinyuan-b7", "--hazard", "smoke", "--end", end, "--json")
    assert made["matchers"] == {"place": "jinyuan-b7", "hazard": "smoke"}
    sound(database, "smoke-1", datetime.now(UTC))
    (item,) = run("queue", "list", "--json")["items"]
    assert item["quiet"] is None, "one person alone silences no smoke"
    assert "second person" in run("silence", "approve", made["id"], "--as", "张伟", code=1)
    run("silence", "approve", made["id"], "--as", "李娜")
    (listed,) = run("silence", "list", "--site", "jinyuan", "--json")["silences"]
    assert listed["second_person"] == "李娜"
    for part in ("检修", "李娜", "smoke"):
        assert part in run("silence", "list")
    ended = run("silence", "end", made["id"], "--as", "王芳", "--json")
    assert ended["ended_by"] == "王芳"
    assert run("silence", "list", "--json")["silences"] == []
    assert len(run("silence", "list", "--all", "--json")["silences"]) == 1
    assert "no silence" in run("silence", "end", "s-0", "--as", "王芳", code=1)


def test_boxes_with_holes_and_twins(database: str, run: Run) -> None:
    assert "box add" in run("box", "list")
    assert "compound" in run("box", "add", "box-1", "--site", "jinsha-g3", code=1)
    assert "name" in run("box", "add", "Box 1", "--site", "jinyuan", code=1)
    run("box", "add", "box-1", "--site", "jinyuan")
    run("box", "add", "box-1", "--site", "jinyuan")
    assert "jinyuan" in run("box", "add", "box-1", "--site", "jinhe", code=1)
    with connected(database) as connection:
        connection.execute(
            "UPDATE boxes SET online = true, epoch = 'e2', clock_offset_ms = 7000, clock_synced = false,"
            " twin_seen_at = now(), state_at = now(), last_seen_at = now()"
        )
        connection.execute(
            "INSERT INTO box_progress (box, epoch, lane, received, dropped, hole_since, duplicates) VALUES"
            " ('box-1', 'e2', 'alarm', '{[1,6),[8,10),[12,13)}', '{[2,4)}', now() - interval '90 s', 4),"
            " ('box-1', 'e2', 'telemetry', '{}', '{}', NULL, 0), ('box-1', 'e1', 'alarm', '{[3,5)}', '{}', now(), 0)"
        )
        connection.execute("INSERT INTO devices (box, device, kind) VALUES ('box-1', 'smoke-1', 'smoke')")
    shown = run("box", "show", "box-1", "--json")
    lanes = {(lane["epoch"], lane["lane"]): lane for lane in shown["lanes"]}
    alarm = lanes["e2", "alarm"]
    assert (alarm["stored_up_to"], alarm["highest"], alarm["holes"], alarm["missing"]) == (
        5,
        12,
        [[6, 7], [10, 11]],
        4,
    )
    assert (alarm["dropped"], alarm["duplicates"], alarm["current"]) == (2, 4, True)
    empty = lanes["e2", "telemetry"]
    assert (empty["stored_up_to"], empty["highest"], empty["holes"], empty["dropped"]) == (0, 0, [], 0)
    old = lanes["e1", "alarm"]
    assert (old["stored_up_to"], old["holes"], old["current"]) == (0, [[1, 2]], False)
    text = run("box", "show", "box-1")
    for part in ("6–7, 10–11", "两台机器", "未同步", "时钟不准", "smoke-1", "01:3"):
        assert part in text
    assert "two machines" in run("box", "list", "--lang", "en")
    assert len(run("box", "list", "--at", "jinyuan-b7", "--json")["boxes"]) == 1
    assert run("box", "list", "--at", "jinhe", "--json")["boxes"] == []
    assert "box list" in run("box", "show", "nobody", code=1)


def test_quarantine(database: str, run: Run) -> None:
    assert run("quarantine", "list", "--json") == {"quarantine": []}
    with connected(database) as connection:
        connection.execute(
            "INSERT INTO quarantine (topic, box, code, detail, payload, sha256) VALUES"
            " ('t', 'box-1', 'malformed', 'not JSON', %s, 'x')",
            (b"\x1b[31m\x00\xffabc",),
        )
    (row,) = run("quarantine", "list", "--json")["quarantine"]
    assert (row["code"], row["bytes"]) == ("malformed", 10)
    text = run("quarantine", "show", str(row["id"]))
    assert "\x1b" not in text
    assert "abc" in text
    import base64

    shown = run("quarantine", "show", str(row["id"]), "--json")
    assert base64.b64decode(shown["payload_base64"]) == b"\x1b[31m\x00\xffabc"
    assert "malformed" in run("quarantine", "list", "--box", "box-1")
    assert run("quarantine", "list", "--box", "other", "--json") == {"quarantine": []}
    assert "quarantine list" in run("quarantine", "show", "99", code=1)


def test_watch_prints_changes_and_survives_a_cut(database: str, run: Run) -> None:
    now = datetime.now(UTC)
    sound(database, "smoke-1", now)

    cut: list[bool] = []
    watching = (
        "FROM pg_stat_activity WHERE application_name = 'redwhistle-watch' AND datname = current_database()"
        " AND state = 'idle' AND query LIKE '%work_items%'"
    )

    def act() -> None:
        with connected(database) as connection:
            end = time.monotonic() + 20
            while not cut and time.monotonic() < end:
                row = connection.execute(f"SELECT pg_terminate_backend(pid) {watching}".encode()).fetchone()
                cut.extend([True] if row else [])
            sound(database, "smoke-1", now + timedelta(seconds=1))

    thread = threading.Thread(target=act)
    thread.start()
    import io
    from contextlib import redirect_stdout

    heard = io.StringIO()
    with redirect_stdout(heard):
        assert cli.run(["queue", "watch", "--json", "--count", "2", "--grid", "jinsha-g3"]) == 0
    thread.join()
    assert cut, "the connection was not cut"
    lines = [json.loads(line) for line in heard.getvalue().splitlines()]
    assert [(one["number"], one["count"]) for one in lines] == [(1, 1), (1, 2)]


def test_every_command_has_help_with_an_example() -> None:
    import typer

    app = typer.Typer()
    attach(app)
    runner_ = CliRunner()
    for group in ("queue", "alert", "silence", "box", "quarantine"):
        shown = runner_.invoke(app, [group, "--help"])
        assert shown.exit_code == 0
        info = next(g for g in app.registered_groups if g.name == group).typer_instance
        assert info is not None
        for command in info.registered_commands:
            assert command.callback is not None
            assert command.callback.__doc__ is not None
            assert "Example: redwhistle" in command.callback.__doc__
