"""Accounts, grants and the audit log, over a real database."""

import threading
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from pydantic import SecretStr

from redwhistle.errors import NotFound, PasswordRefused, PersonRefused, StoreError
from server.people.accounts import NewPerson
from server.people.people import People
from server.people.records import By
from server.rights.caller import Grant
from server.rights.roles import Role
from server.rights.scope import Scope
from server.store.connection import connect, translated
from server.store.people import PostgresPeople, connections_to
from tests.integration.people.conftest import HERE, NOW, PASSWORD, ROOT, WORKER, Make, quick

pytestmark = pytest.mark.servers
ADMIN = Grant(Role.ADMIN)
LATER = NOW + timedelta(minutes=1)


def acts(people: People, scope: Scope = Scope.ALL) -> list[tuple[str, str, str | None]]:
    """What the audit log holds, the oldest first: actor, act, login."""
    rows = people.accounts.list_audit(scope, limit=500)
    return [(row.actor, row.act, row.login) for row in reversed(rows)]


def test_an_account_comes_back_as_it_was_made(people: People, make: Make) -> None:
    manager = Grant(Role.PROPERTY_MANAGER, company="jin")
    made = make("zhangwei", WORKER, manager)
    assert people.accounts.read(made.id) == people.accounts.find("zhangwei") == made
    assert (made.login, made.name, made.lang, made.on_duty) == ("zhangwei", "名zhangwei", "zh", False)
    assert made.has_password
    assert not made.must_change_password
    assert made.disabled_at is None
    shown = [
        (one.role, one.place, one.level, one.company, one.name_zh, one.granted_by) for one in made.grants
    ]
    assert shown == [
        ("grid_worker", "g3", "grid", None, "金沙3网格", "admin"),
        ("property_manager", None, None, "jin", "锦园物业", "admin"),
    ]
    assert acts(people) == [
        ("admin", "person_added", "zhangwei"),
        ("admin", "granted", "zhangwei"),
        ("admin", "granted", "zhangwei"),
    ]


@pytest.mark.parametrize(
    "login", ["", "a", "Zhang", "zhang wei", "张伟", "a" * 41, "engine", "dispatch", "a\n", "a:b"]
)
def test_a_login_that_cannot_be_is_refused(people: People, login: str) -> None:
    with pytest.raises(PersonRefused) as refused:
        people.accounts.add(NewPerson(login, "张伟"), ROOT, NOW)
    assert refused.value.field == "login"


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x00b", "\u202egnaw", "engine", "Dispatch"])
def test_a_name_that_cannot_be_is_refused(people: People, make: Make, name: str) -> None:
    with pytest.raises(PersonRefused) as refused:
        people.accounts.change(make("zhangwei").id, ROOT, NOW, name=name)
    assert refused.value.field == "name"


def test_a_login_is_taken_once_and_stays_taken(people: People, make: Make) -> None:
    first = make("zhangwei")
    people.accounts.change(first.id, ROOT, NOW, disabled=True)
    with pytest.raises(PersonRefused) as refused:
        make("zhangwei")
    assert (refused.value.field, refused.value.code) == ("login", "taken")


@pytest.mark.parametrize("unknown", ["no uuid", "", "\x00", "00000000-0000-0000-0000-000000000000"])
def test_nobody_is_found_under_an_unknown_id(people: People, unknown: str) -> None:
    for ask in (people.accounts.read, people.accounts.find):
        with pytest.raises(NotFound):
            ask(unknown)
    with pytest.raises(NotFound):
        people.accounts.change(unknown, ROOT, NOW, name="x")
    with pytest.raises(NotFound):
        people.accounts.set_duty(unknown, True, ROOT, NOW)
    with pytest.raises(NotFound):
        people.accounts.set_grants(unknown, [WORKER], ROOT, NOW)
    with pytest.raises(NotFound):
        people.accounts.reset_password(unknown, ROOT, NOW)


def test_people_are_listed_page_by_page_and_searched(people: People, make: Make) -> None:
    for login in ("li_na", "lixna", "zhang.wei", "a-b"):
        make(login)
    people.accounts.grant(people.accounts.find("a-b").id, ADMIN, ROOT, NOW)
    people.accounts.change(people.accounts.find("lixna").id, ROOT, NOW, disabled=True)
    found = people.accounts.list

    def logins(**wanted: object) -> list[str]:
        return [one.login for one in found(**wanted)]  # type: ignore[arg-type]

    assert logins(limit=2) == ["a-b", "li_na"]
    assert logins(after="li_na", limit=2) == ["lixna", "zhang.wei"]
    assert logins(text="li_") == ["li_na"]
    assert logins(text="名zhang") == ["zhang.wei"]
    assert logins(text="%") == []
    assert logins(role="admin") == ["a-b"]
    assert "lixna" not in logins(disabled=False)


def test_a_change_of_name_and_language_is_kept_with_what_was_before(people: People, make: Make) -> None:
    made = make("zhangwei")
    changed = people.accounts.change(made.id, ROOT, LATER, name="  张  伟 ", lang="en")
    assert (changed.name, changed.lang) == ("张 伟", "en")
    people.accounts.change(made.id, ROOT, LATER, name="张 伟")
    last = people.accounts.list_audit(Scope.ALL, limit=1)[0]
    assert last.detail == {"name": "张 伟", "name_before": "名zhangwei", "lang": "en"}
    assert len(acts(people)) == 2, "what changes nothing is not noted"
    with pytest.raises(PersonRefused, match="zh or en"):
        people.accounts.change(made.id, ROOT, LATER, lang="yi")


def test_grants_are_set_added_and_taken(people: People, make: Make) -> None:
    made = make("zhangwei", WORKER)
    other = Grant(Role.COMMAND, place="jinchen")
    assert {g.grant for g in people.accounts.grant(made.id, other, ROOT, NOW).grants} == {WORKER, other}
    people.accounts.grant(made.id, other, ROOT, NOW)
    assert {g.grant for g in people.accounts.revoke(made.id, WORKER, ROOT, NOW).grants} == {other}
    with pytest.raises(NotFound):
        people.accounts.revoke(made.id, WORKER, ROOT, NOW)
    assert people.accounts.set_grants(made.id, [], ROOT, NOW).grants == ()
    assert [act for _, act, _ in acts(people)] == [
        "person_added",
        "granted",
        "granted",
        "revoked",
        "revoked",
    ]


@pytest.mark.parametrize(
    "grant", [Grant(Role.GRID_WORKER, place="nowhere"), Grant(Role.PROPERTY_MANAGER, company="nobody")]
)
def test_a_grant_for_what_is_not_there_is_refused_and_changes_nothing(
    people: People, make: Make, grant: Grant
) -> None:
    made = make("zhangwei", WORKER)
    with pytest.raises(PersonRefused) as refused:
        people.accounts.set_grants(made.id, [grant], ROOT, NOW)
    assert refused.value.code == "unknown"
    assert people.accounts.read(made.id).grants == made.grants
    with pytest.raises(PersonRefused):
        make("lina", grant)
    with pytest.raises(NotFound):
        people.accounts.find("lina")


def test_a_grant_stays_and_says_so_when_its_place_is_gone(people: People, make: Make, url: str) -> None:
    made = make("zhangwei", Grant(Role.GRID_WORKER, place="jinhe"))
    with connect(url, name="test") as connection:
        connection.execute("DELETE FROM places WHERE id = 'jinhe'")
    shown = people.accounts.read(made.id).grants[0]
    assert (shown.place, shown.level, shown.name_zh) == ("jinhe", None, None)
    assert people.accounts.revoke(made.id, shown.grant, ROOT, NOW).grants == ()


def test_a_role_of_a_newer_program_gives_no_right_and_breaks_nothing(database: str) -> None:
    people = People.over(PostgresPeople(connections_to(database)), passwords=quick())
    password = people.accounts.start_with_admin(NOW)
    assert password is not None
    opened = people.log_in.by_password("admin", password, HERE, "", NOW)
    with connect(database, name="test") as connection:
        connection.execute("ALTER TABLE grants DROP CONSTRAINT grants_role_check")
        connection.execute("UPDATE grants SET role = 'governor'")
    caller = people.sessions.authenticate(opened.token.get_secret_value(), NOW)
    assert caller is not None
    assert caller.grants == ()
    assert people.accounts.read(caller.person).grants == ()


def test_the_last_administrator_stays(people: People, make: Make) -> None:
    one, two = make("one", ADMIN), make("two", ADMIN)
    people.accounts.change(one.id, ROOT, NOW, disabled=True)
    attempts: list[Callable[[], object]] = [
        lambda: people.accounts.change(two.id, ROOT, NOW, disabled=True),
        lambda: people.accounts.set_grants(two.id, [WORKER], ROOT, NOW),
        lambda: people.accounts.revoke(two.id, ADMIN, ROOT, NOW),
    ]
    for attempt in attempts:
        with pytest.raises(PersonRefused) as refused:
            attempt()
        assert refused.value.code == "last_admin"
    people.accounts.change(one.id, ROOT, NOW, disabled=False)
    people.accounts.change(two.id, ROOT, NOW, disabled=True)
    assert people.accounts.read(one.id).disabled_at is None


def test_two_administrators_who_remove_each_other_at_once_leave_one(people: People, make: Make) -> None:
    pair = [make("one", ADMIN), make("two", ADMIN)]
    refused: list[PersonRefused] = []

    def remove(person: str) -> None:
        try:
            people.accounts.set_grants(person, [], ROOT, NOW)
        except PersonRefused as error:
            refused.append(error)

    threads = [threading.Thread(target=remove, args=(one.id,)) for one in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert len(people.accounts.list(role="admin")) == 1


def test_duty_is_logged_each_time_it_changes(people: People, make: Make) -> None:
    made = make("zhangwei")
    on = people.accounts.set_duty(made.id, True, By("zhangwei"), NOW)
    assert (on.on_duty, on.on_duty_since) == (True, NOW)
    assert people.accounts.set_duty(made.id, True, By("zhangwei"), LATER).on_duty_since == NOW
    people.accounts.change(made.id, ROOT, LATER, disabled=True)
    off = people.accounts.read(made.id)
    assert (off.on_duty, off.on_duty_since) == (False, None)
    duty = [(row.at, row.on_duty, row.by) for row in people.accounts.list_duty(made.id)]
    assert duty == [(LATER, False, "admin"), (NOW, True, "zhangwei")]


def test_the_first_start_makes_one_administrator_and_only_then(people: People) -> None:
    password = people.accounts.start_with_admin(NOW)
    assert password is not None
    assert people.accounts.start_with_admin(NOW) is None
    opened = people.log_in.by_password("admin", password, HERE, "", NOW)
    assert opened.caller.must_change_password
    assert opened.caller.grants == (ADMIN,)
    assert acts(people)[:2] == [("start", "person_added", "admin"), ("start", "granted", "admin")]


def test_two_first_starts_at_once_make_one_administrator(people: People) -> None:
    made: list[SecretStr | None] = []
    threads = [
        threading.Thread(target=lambda: made.append(people.accounts.start_with_admin(NOW))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one is None for one in made) == [False, True, True, True]


def test_a_weak_password_makes_no_account(people: People) -> None:
    with pytest.raises(PasswordRefused):
        people.accounts.add(NewPerson("zhangwei", "张伟", password=SecretStr("zhangwei2026")), ROOT, NOW)
    assert people.accounts.list() == []


def test_the_audit_log_shows_each_only_what_was_done_to_people_of_their_part(
    people: People, make: Make
) -> None:
    make("of-g3", WORKER)
    make("of-g4", Grant(Role.COMMAND, place="g4"))
    make("of-jin", Grant(Role.PROPERTY_MANAGER, company="jin"))
    make("of-city", Grant(Role.COMMAND, place="kunming"))
    make("of-none")
    seen = {
        "g3": {"of-g3", "of-jin"},
        "jinhe": set(),
        "jinsha": {"of-g3", "of-g4", "of-jin"},
        "kunming": {"of-g3", "of-g4", "of-jin", "of-city"},
    }
    for place, logins in seen.items():
        assert {login for _, _, login in acts(people, Scope(places=frozenset({place})))} == logins
    assert acts(people, Scope.NOTHING) == []
    assert {login for _, _, login in acts(people)} >= {"of-none", "of-city"}


def test_the_audit_log_is_paged_and_filtered(people: People, make: Make) -> None:
    made = make("zhangwei", WORKER)
    people.accounts.change(made.id, ROOT, LATER, name="x")
    whole = people.accounts.list_audit(Scope.ALL)
    first = people.accounts.list_audit(Scope.ALL, limit=1)
    assert [*first, *people.accounts.list_audit(Scope.ALL, before=first[-1].id)] == list(whole)
    assert [row.act for row in people.accounts.list_audit(Scope.ALL, acts=["granted"])] == ["granted"]
    assert [row.act for row in people.accounts.list_audit(Scope.ALL, since=LATER)] == ["person_changed"]
    assert len(people.accounts.list_audit(Scope.ALL, until=LATER, person=made.id)) == 2
    assert people.accounts.list_audit(Scope.ALL, person="nobody") == []


@pytest.mark.parametrize("table", ["audit_log", "duty_log"])
@pytest.mark.parametrize("change", ["DELETE FROM", "TRUNCATE", "UPDATE"])
def test_what_was_noted_cannot_be_changed(
    people: People, make: Make, url: str, table: str, change: str
) -> None:
    people.accounts.set_duty(make("zhangwei").id, True, ROOT, NOW)
    suffix = " SET at = now()" if change == "UPDATE" else ""
    with (
        connect(url, name="test") as connection,
        pytest.raises(StoreError, match="append-only"),
        translated(),
    ):
        connection.execute(f"{change} {table}{suffix}".encode())


def test_changes_of_rights_are_told_at_the_commit(people: People, make: Make, url: str) -> None:
    made = make("zhangwei", WORKER)
    opened = people.log_in.by_password("zhangwei", PASSWORD, HERE, "", NOW)
    token, _ = people.tokens.make(made.id, "墙", ROOT, NOW)
    tellings: list[Callable[[], object]] = [
        lambda: people.accounts.set_grants(made.id, [], ROOT, NOW),
        lambda: people.tokens.revoke(made.id, token.id, ROOT, NOW),
        lambda: people.log_in.log_out(opened.caller, NOW),
        lambda: people.accounts.reset_password(made.id, ROOT, NOW),
        lambda: people.accounts.change(made.id, ROOT, NOW, disabled=True),
    ]
    with connect(url, name="test", autocommit=True) as connection:
        connection.execute("LISTEN rw_people")
        for tell in tellings:
            tell()
            heard = list(connection.notifies(timeout=10, stop_after=1))
            assert [one.payload for one in heard] == [f'{{"person": "{made.id}"}}']
        people.accounts.set_duty(made.id, True, ROOT, NOW)
        people.accounts.change(made.id, ROOT, NOW, name="x")
        assert list(connection.notifies(timeout=0.1)) == []


def test_no_secret_is_in_the_database(people: People, make: Make, url: str) -> None:
    made = make("zhangwei", WORKER)
    opened = people.log_in.by_password("zhangwei", PASSWORD, HERE, "", NOW)
    _, token = people.tokens.make(made.id, "墙", ROOT, NOW)
    random = people.accounts.reset_password(made.id, ROOT, NOW)
    secrets = [PASSWORD, opened.token, token, random]
    with psycopg.connect(url) as connection:
        for table in ("people", "sessions", "tokens", "audit_log", "login_attempts"):
            held = connection.execute(
                f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t".encode()
            )
            text = str(held.fetchone())
            assert not [one for one in secrets if one.get_secret_value() in text]
            assert opened.csrf not in text
