"""`redwhistle doctor` against a real database; and answers under keys that are kept for seven days."""

import json
from datetime import timedelta
from importlib.metadata import entry_points
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from redwhistle.cli import build_app
from server.examining import examine
from server.store.connection import connect
from server.store.retention import Retention, enforce
from tests.integration.api.conftest import House
from tests.integration.api.world import NOW, uuid_of

pytestmark = pytest.mark.servers


@pytest.fixture(autouse=True)
def settings(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDWHISTLE_DATABASE_URL", house.url)


def codes() -> dict[str, str]:
    return {one.code: one.grade.value for one in examine(None)}


def test_a_sound_set_up_has_nothing_unsafe(house: House) -> None:
    assert not {grade for grade in codes().values() if grade != "note"}


def test_what_is_wrong_in_the_database_is_found(house: House) -> None:
    house.sql.execute(
        "UPDATE people SET must_change_password = true, password_changed_at = now() - interval '2 days'"
    )
    house.sql.execute("UPDATE people SET disabled_at = now() WHERE login <> 'chenjing'")
    try:
        assert codes()["password_unchanged"] == "unsafe"
        house.sql.execute("UPDATE people SET disabled_at = now()")
        assert codes()["no_admin"] == "broken"
    finally:
        house.sql.execute("UPDATE people SET disabled_at = NULL, must_change_password = false")


def test_it_ends_with_one_and_speaks_json(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    app, _ = build_app(entry_points(group="redwhistle.commands"))
    monkeypatch.setenv("REDWHISTLE_TRUSTED_PROXIES", "0.0.0.0/0")
    done = CliRunner().invoke(app, ["doctor", "--json"])
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["ok"] is False
    assert "proxies_too_wide" in {one["code"] for one in told["findings"]}
    monkeypatch.setenv("REDWHISTLE_TRUSTED_PROXIES", "")
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 0


def test_kept_answers_go_after_seven_days(house: House) -> None:
    for days in (1, 8):
        house.sql.execute(
            "INSERT INTO acts_done (key, person, item, act, digest, status, body, at)"
            " VALUES (%s, %s, %s, 'claim', 'd', 200, '{}', %s)",
            (uuid4(), house.people["lina"], uuid_of(101), NOW - timedelta(days=days)),
        )
    with connect(house.url, name="test", autocommit=True) as connection:
        assert enforce(connection, NOW, Retention())["acts_done"] == 1
