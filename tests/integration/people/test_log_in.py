"""The door: passwords, the limit of tries, identities of a provider, over a real database."""

import threading
from datetime import timedelta
from typing import Literal

import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr

from redwhistle.errors import (
    LogInFailed,
    OidcFailed,
    TooManyAttempts,
)
from server.people.passwords import Passwords
from server.people.people import People
from server.people.records import Identity
from server.rights.caller import Via
from server.rights.gate import scope_of
from server.rights.roles import Right
from server.rights.scope import Scope
from server.store.connection import connect
from server.store.people import PostgresPeople, connections_to
from tests.integration.people.conftest import (
    HERE,
    NOW,
    PASSWORD,
    ROOT,
    TERMS,
    WORKER,
    WRONG,
    Make,
    enter,
    fail,
    quick,
)

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("typed", ["zhangwei", " ZhangWei ", "ｚｈａｎｇｗｅｉ"])
def test_a_session_is_opened_and_known_by_its_token(people: People, make: Make, typed: str) -> None:
    made = make("zhangwei", WORKER)
    opened = enter(people, typed)
    caller = people.sessions.authenticate(opened.token.get_secret_value(), NOW)
    assert caller == opened.caller
    assert (caller.person, caller.login, caller.via) == (made.id, "zhangwei", Via.SESSION)
    assert caller.until == NOW + TERMS.session_lasts
    assert scope_of(caller, Right.ACT, NOW) == Scope(places=frozenset({"g3"}))
    assert people.sessions.csrf_matches(opened.token.get_secret_value(), opened.csrf)
    assert not people.sessions.csrf_matches(enter(people).token.get_secret_value(), opened.csrf)
    shown = people.sessions.list_of(made.id, NOW)
    assert [(s.how, s.address, s.agent) for s in shown] == [("password", HERE, "Firefox on Linux")] * 2


def test_every_failure_has_the_same_answer(people: People, make: Make) -> None:
    make("zhangwei")
    make("oidc-only", password=None)
    people.accounts.change(make("gone").id, ROOT, NOW, disabled=True)
    answers: set[tuple[type[Exception], str]] = set()
    for login, password in [
        ("zhangwei", WRONG),
        ("nobody", PASSWORD),
        ("oidc-only", PASSWORD),
        ("oidc-only", SecretStr("")),
        ("gone", PASSWORD),
        ("\x00'; --", PASSWORD),
        ("", PASSWORD),
        ("zhangwei", SecretStr("\ud800")),
        ("zhangwei", SecretStr("x" * 1_000_000)),
    ]:
        with pytest.raises(LogInFailed) as failed:
            people.log_in.by_password(login, password, f"2001:db8:{len(answers)}::1", "", NOW)
        answers.add((failed.type, str(failed.value)))
    assert len(answers) == 1
    rows = people.accounts.list_audit(Scope.ALL, acts=["log_in_failed"])
    assert {row.login for row in rows} == {"zhangwei", "oidc-only", "gone", None}
    assert "--" not in repr(rows), "what was typed as a login may be a password"


def test_an_unknown_login_costs_a_check_like_a_known_one(people: People, make: Make, url: str) -> None:
    make("zhangwei")
    make("no-password", password=None)
    checked: list[str | bytes] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            checked.append(hash)
            return super().verify(hash, password)

    counted = Passwords(Counting(time_cost=1, memory_cost=8, parallelism=1))
    door = People.over(PostgresPeople(connections_to(url)), passwords=counted)
    for login in ("zhangwei", "no-password", "nobody", "\x00"):
        fail(door, login)
    assert len(checked) == 4


@pytest.mark.parametrize("meanwhile", ["disabled", "another password"])
def test_what_changes_while_the_password_is_checked_counts(
    people: People, make: Make, url: str, meanwhile: str
) -> None:
    made = make("zhangwei")

    class Slow(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            if meanwhile == "disabled":
                people.accounts.change(made.id, ROOT, NOW, disabled=True)
            else:
                people.accounts.set_password(made.id, WRONG, ROOT, NOW, must_change=False)
            return super().verify(hash, password)

    slow = Passwords(Slow(time_cost=1, memory_cost=8, parallelism=1))
    door = People.over(PostgresPeople(connections_to(url)), passwords=slow)
    with pytest.raises(LogInFailed):
        enter(door)
    assert people.sessions.list_of(made.id, NOW) == []


def test_tries_of_one_account_from_one_address_are_limited_then_allowed_again(
    people: People, make: Make
) -> None:
    make("zhangwei")
    for second in range(TERMS.pair.tries):
        assert fail(people, now=NOW + timedelta(seconds=second)) is LogInFailed
    with pytest.raises(TooManyAttempts) as limited:
        enter(people, now=NOW + timedelta(seconds=10))
    assert limited.value.retry_after_s == TERMS.pair.seconds - 10
    enter(people, address="192.0.2.99", now=NOW + timedelta(seconds=10))  # elsewhere nobody is locked out
    enter(people, now=NOW + timedelta(seconds=TERMS.pair.seconds))


def test_a_moving_window_lets_in_one_try_for_each_that_leaves_it(people: People, make: Make) -> None:
    make("zhangwei")
    for second in range(TERMS.pair.tries):
        fail(people, now=NOW + timedelta(seconds=60 * second))
    after = NOW + timedelta(seconds=TERMS.pair.seconds)
    assert fail(people, now=after) is LogInFailed
    assert fail(people, now=after) is TooManyAttempts
    assert fail(people, now=after + timedelta(seconds=60)) is LogInFailed


def test_success_counts_for_nothing_and_clears_the_account(people: People, make: Make) -> None:
    make("zhangwei")
    for _ in range(3):
        for _ in range(TERMS.pair.tries - 1):
            fail(people)
        enter(people)
    for number in range(TERMS.address.tries):
        enter(people, now=NOW + timedelta(seconds=number))


def test_guessing_over_many_accounts_and_from_many_addresses_is_limited(people: People, make: Make) -> None:
    make("zhangwei")
    spread = [fail(people, f"nobody{n}", "198.51.100.1") for n in range(TERMS.address.tries + 1)]
    assert spread[-1] is TooManyAttempts
    assert set(spread[:-1]) == {LogInFailed}
    many = [fail(people, "zhangwei", f"203.0.113.{n}") for n in range(TERMS.account.tries + 1)]
    assert many[-1] is TooManyAttempts
    assert set(many[:-1]) == {LogInFailed}


def test_one_line_with_many_addresses_of_ipv6_is_one_address(people: People) -> None:
    tries = [fail(people, "zhangwei", f"2001:db8::{n:x}") for n in range(TERMS.pair.tries + 1)]
    assert tries[-1] is TooManyAttempts
    assert fail(people, "zhangwei", "2001:db8:0:1::1") is LogInFailed


def test_processes_share_the_limit_also_at_the_same_moment(people: People, make: Make, url: str) -> None:
    make("zhangwei")
    others = [People.over(PostgresPeople(connections_to(url)), passwords=quick()) for _ in range(12)]
    outcomes: list[type[Exception]] = []
    threads = [threading.Thread(target=lambda one=one: outcomes.append(fail(one))) for one in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(LogInFailed) == TERMS.pair.tries
    assert outcomes.count(TooManyAttempts) == 12 - TERMS.pair.tries


def test_tries_that_count_no_more_are_forgotten(people: People, make: Make, url: str) -> None:
    make("zhangwei")
    fail(people, "nobody")
    enter(people, now=NOW + timedelta(hours=1))
    with connect(url, name="test") as connection:
        assert connection.execute("SELECT count(*) FROM login_attempts").fetchone() == (0,)


def test_an_identity_is_bound_once_to_the_account_of_its_login(people: People, make: Make) -> None:
    made = make("zhangwei", WORKER, password=None)
    who = Identity("https://id.example", "u-17", "ZhangWei")
    opened = people.log_in.by_oidc(who, HERE, "", NOW)
    assert opened.caller.person == made.id
    assert people.accounts.read(made.id).oidc_issuer == "https://id.example"
    assert (
        people.log_in.by_oidc(Identity(who.issuer, who.subject, "renamed"), HERE, "", NOW).caller.person
        == made.id
    )
    for other in (
        Identity(who.issuer, "u-18", "zhangwei"),
        Identity("https://evil.example", "u-17", "zhangwei"),
    ):
        with pytest.raises(OidcFailed, match="nobody here"):
            people.log_in.by_oidc(other, HERE, "", NOW)
    people.accounts.change(made.id, ROOT, NOW, disabled=True)
    with pytest.raises(OidcFailed):
        people.log_in.by_oidc(who, HERE, "", NOW)


@pytest.mark.parametrize("login", ["with-password", "nobody", "disabled", None, "", "\x00"])
def test_an_identity_takes_over_nobody(people: People, make: Make, login: str | None) -> None:
    make("with-password")
    people.accounts.change(make("disabled", password=None).id, ROOT, NOW, disabled=True)
    with pytest.raises(OidcFailed) as failed:
        people.log_in.by_oidc(Identity("https://id.example", "u", login), HERE, "", NOW)
    assert failed.value.code == "no_account"
    assert len(people.accounts.list()) == 2
