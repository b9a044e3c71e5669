"""The commands about people, as people and scripts use them, on a real database."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import typer
from pydantic import SecretStr

from redwhistle import cli
from server.people.people import People
from server.store.people import PostgresPeople, connections_to

pytestmark = pytest.mark.servers
Run = Callable[..., Any]
PASSWORD = "tulip-river-47-lamp"


@pytest.fixture
def run(url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command with this on its standard input; gives its JSON (with --json) or text."""
    monkeypatch.setenv("REDWHISTLE_DATABASE_URL", url)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")

    def run(*argv: str, code: int = 0, stdin: str = "") -> Any:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()
        assert cli.run(list(argv)) == code, capsys.readouterr()
        out, err = capsys.readouterr()
        text = out if code == 0 else err
        return json.loads(text) if "--json" in argv else text

    return run


@pytest.fixture
def real(url: str) -> People:
    """The accounts with the real strength of hashes, as the commands make them."""
    return People.over(PostgresPeople(connections_to(url)))


def enter(people: People, login: str, password: str) -> str:
    """Log in; the session's token."""
    opened = people.log_in.by_password(login, SecretStr(password), "192.0.2.7", "Test", datetime.now(UTC))
    return opened.token.get_secret_value()


def test_from_a_new_account_to_its_end(run: Run, real: People) -> None:
    made = run("user", "add", "zhangwei", "--name", "张伟", "--random", "--json")
    assert (made["login"], made["state"], made["grants"]) == ("zhangwei", "must_change_password", [])
    text = run("role", "grant", "zhangwei", "grid_worker", "--at", "g3")
    assert "网格员 金沙3网格 (g3)" in text
    run("role", "grant", "zhangwei", "property_manager", "--company", "jin")
    token = enter(real, "zhangwei", made["password"])
    shown = run("user", "show", "zhangwei", "--lang", "en")
    assert "must change the password" in shown
    assert "grid worker grid 金沙3网格 (g3)  by cli:" in shown
    sessions = run("session", "list", "zhangwei", "--json")["sessions"]
    assert [(one["address"], one["agent"]) for one in sessions] == [("192.0.2.7", "Test")]
    assert run("session", "end", "zhangwei", sessions[0]["id"]) == "已结束 1 处登录\n"
    assert real.sessions.authenticate(token, datetime.now(UTC)) is None
    assert "张玮" in run("user", "rename", "zhangwei", "张玮")
    assert "物业经理" in run("role", "revoke", "zhangwei", "grid_worker", "--at", "g3")
    assert "停用" in run("user", "disable", "zhangwei")
    assert run("user", "list", "--json") == {"people": []}
    assert [one["name"] for one in run("user", "list", "张", "--all", "--json")["people"]] == ["张玮"]
    assert run("user", "enable", "zhangwei", "--json")["disabled_at"] is None


def test_passwords_come_by_input_prompt_or_chance(
    run: Run, real: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("user", "add", "lina", "--name", "李娜", "--password-stdin", "--final", stdin=f"{PASSWORD}\nmore")
    token = enter(real, "lina", PASSWORD)
    assert run("user", "show", "lina", "--json")["state"] == "active"
    text = run("user", "password", "lina", "--random")
    assert real.sessions.authenticate(token, datetime.now(UTC)) is None
    enter(real, "lina", text.rsplit(": ", 1)[1].strip())

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked: list[dict[str, Any]] = []

    def prompt(*_text: str, **how: Any) -> str:
        asked.append(how)
        return PASSWORD

    monkeypatch.setattr(typer, "prompt", prompt)
    monkeypatch.setattr("sys.stdin", Terminal())
    assert cli.run(["user", "password", "lina", "--final"]) == 0
    assert asked[0]["hide_input"]
    assert asked[0]["confirmation_prompt"]
    enter(real, "lina", PASSWORD)


def test_an_account_for_single_sign_on_has_no_password(run: Run) -> None:
    run("user", "add", "wangfang", "--name", "王芳", "--no-password")
    assert run("user", "list", "--json")["people"][0]["state"] == "no_password"


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("user", "add", "lina", "--name", "李娜"), "--random or --password-stdin"),
        (("user", "add", "lina", "--name", "李娜", "--password-stdin"), "standard input was empty"),
        (("user", "add", "lina", "--name", "李娜", "--random", "--password-stdin"), "choose one"),
        (("user", "add", "lina", "--name", "李娜", "--random", "--no-password"), "choose one"),
        (("user", "add", "Li Na", "--name", "李娜", "--random"), "2 to 40"),
        (("user", "show", "nobody"), "user list"),
        (("user", "disable", "nobody"), "user list"),
        (("role", "grant", "zhangwei", "grid_worker"), "--at PLACE"),
        (("role", "grant", "zhangwei", "admin", "--at", "g3"), "neither"),
        (("role", "grant", "zhangwei", "grid_worker", "--at", "nowhere"), "places tree"),
        (("role", "revoke", "zhangwei", "admin"), "role list"),
        (("token", "revoke", "nothing"), "list them again"),
        (("session", "end", "zhangwei"), "--all"),
        (("session", "end", "zhangwei", "x"), "list them again"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(run: Run, argv: tuple[str, ...], says: str) -> None:
    run("user", "add", "zhangwei", "--name", "张伟", "--no-password")
    assert says in run(*argv, code=1)
    assert says in run(*argv, "--json", code=1)["error"]["text"]


@pytest.mark.parametrize(
    "argv", [("user", "add"), ("role", "grant", "zhangwei", "king"), ("token", "add", "x")]
)
def test_what_is_not_understood_is_said(run: Run, argv: tuple[str, ...]) -> None:
    run(*argv, code=2)


def test_a_weak_password_is_refused_and_not_repeated(run: Run) -> None:
    argv = ("user", "add", "zhangwei", "--name", "张伟", "--password-stdin")
    text = run(*argv, code=1, stdin="zhangwei2026\n")
    assert "login" in text
    assert "zhangwei2026" not in text


def test_tokens_are_shown_once_and_revoked(run: Run, real: People) -> None:
    run("user", "add", "wall", "--name", "大屏", "--no-password")
    made = run("token", "add", "wall", "--label", "金沙大屏", "--read-only", "--days", "30", "--json")
    now = datetime.now(UTC)
    caller = real.tokens.authenticate(made["token"], now)
    assert caller is not None
    assert caller.read_only
    listed = run("token", "list")
    assert "金沙大屏" in listed
    assert made["token"] not in listed
    assert [one["id"] for one in run("token", "list", "wall", "--json")["tokens"]] == [made["id"]]
    assert "已撤销" in run("token", "revoke", made["id"])
    assert real.tokens.authenticate(made["token"], now) is None
    assert run("token", "list") == "没有令牌\n"
    assert len(run("token", "list", "--all", "--json")["tokens"]) == 1
    text = run("token", "add", "wall", "--label", "x", "--lang", "en")
    assert real.tokens.authenticate(text.splitlines()[-1], now)


def test_roles_of_everybody(run: Run) -> None:
    for login in ("a-one", "b-two", "c-none"):
        run("user", "add", login, "--name", login, "--no-password")
    run("role", "grant", "a-one", "admin")
    run("role", "grant", "b-two", "command", "--at", "jinchen")
    people = run("role", "list", "--json")["people"]
    assert [one["login"] for one in people] == ["a-one", "b-two"]
    assert "指挥 金辰街道 (jinchen)" in run("role", "list", "b-two")
    assert "b-two" not in run("role", "list", "--role", "admin")


@pytest.mark.parametrize("group", ["user", "role", "token", "session"])
def test_every_command_shows_an_example(run: Run, group: str) -> None:
    names = {
        "user": ["add", "list", "show", "rename", "disable", "enable", "password"],
        "role": ["grant", "revoke", "list"],
        "token": ["add", "list", "revoke"],
        "session": ["list", "end"],
    }[group]
    for name in names:
        assert f"redwhistle {group} {name}" in run(group, name, "--help")
