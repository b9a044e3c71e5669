"""Sessions, passwords and API tokens after the door, over a real database."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from redwhistle.errors import (
    LogInFailed,
    NotFound,
    PasswordRefused,
    PersonRefused,
    TooManyAttempts,
)
from server.people.people import People
from server.people.records import By
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
)

pytestmark = pytest.mark.servers


def test_a_session_ends_when_idle_and_by_age(people: People, make: Make) -> None:
    make("zhangwei")
    token = enter(people).token.get_secret_value()
    idle, moment = TERMS.session_idle, NOW
    while moment + idle < NOW + TERMS.session_lasts:
        moment += idle - timedelta(seconds=1)
        assert people.sessions.authenticate(token, moment), "use keeps it alive"
    assert people.sessions.authenticate(token, NOW + TERMS.session_lasts) is None
    other = enter(people).token.get_secret_value()
    assert people.sessions.authenticate(other, NOW + idle) is None
    assert people.sessions.authenticate(other, NOW) is not None


def test_asking_again_does_not_keep_a_session_alive_and_shows_the_rights_of_now(
    people: People, make: Make
) -> None:
    made = make("zhangwei", WORKER)
    caller = enter(people).caller
    people.accounts.set_grants(made.id, [], ROOT, NOW)
    again = people.sessions.again(caller, NOW + timedelta(hours=6))
    assert again is not None
    assert again.grants == ()
    assert people.sessions.again(caller, NOW + TERMS.session_idle) is None


def test_use_is_written_at_most_once_a_minute(people: People, make: Make, url: str) -> None:
    made = make("zhangwei")
    token = enter(people).token.get_secret_value()

    def seen(seconds: int) -> datetime:
        people.sessions.authenticate(token, NOW + timedelta(seconds=seconds))
        return people.sessions.list_of(made.id, NOW)[0].seen_at

    assert seen(59) == NOW
    assert seen(60) == seen(119) == NOW + timedelta(seconds=60)


@pytest.mark.parametrize("how", ["log_out", "end", "end_all", "disable", "reset", "set"])
def test_what_ends_a_session_ends_it_at_once(people: People, make: Make, how: str) -> None:
    made = make("zhangwei")
    opened = enter(people)
    ending: dict[str, Callable[[], object]] = {
        "log_out": lambda: people.log_in.log_out(opened.caller, NOW),
        "end": lambda: people.sessions.end(made.id, opened.session, ROOT, NOW),
        "end_all": lambda: people.sessions.end_all(made.id, ROOT, NOW),
        "disable": lambda: people.accounts.change(made.id, ROOT, NOW, disabled=True),
        "reset": lambda: people.accounts.reset_password(made.id, ROOT, NOW),
        "set": lambda: people.accounts.set_password(made.id, PASSWORD, ROOT, NOW, must_change=False),
    }
    ending[how]()
    assert people.sessions.authenticate(opened.token.get_secret_value(), NOW) is None
    assert people.sessions.again(opened.caller, NOW) is None
    assert people.sessions.list_of(made.id, NOW) == []


def test_only_the_persons_own_session_is_ended(people: People, make: Make) -> None:
    mine, yours = make("zhangwei"), make("lina")
    opened = enter(people, "lina")
    for session in (opened.session, "no uuid", "", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(NotFound):
            people.sessions.end(mine.id, session, ROOT, NOW)
    kept = enter(people, "lina")
    assert people.sessions.end_all(yours.id, ROOT, NOW, but=kept.session) == 1
    assert [one.id for one in people.sessions.list_of(yours.id, NOW)] == [kept.session]


def test_a_password_is_changed_by_who_knows_it_and_ends_the_other_sessions(
    people: People, make: Make
) -> None:
    made = make("zhangwei")
    other, mine = enter(people), enter(people)
    new, by = SecretStr("a new one that is long"), By("zhangwei", HERE)
    change = people.accounts.change_password
    for old, wanted, code in (
        (WRONG, new, "wrong"),
        (PASSWORD, SecretStr("short"), "too_short"),
        (PASSWORD, PASSWORD, "same"),
    ):
        with pytest.raises(PasswordRefused) as refused:
            change(mine.caller, old, wanted, by, NOW)
        assert refused.value.code == code
    change(mine.caller, PASSWORD, new, by, NOW)
    assert people.sessions.again(mine.caller, NOW) is not None
    assert people.sessions.again(other.caller, NOW) is None
    people.log_in.by_password("zhangwei", new, HERE, "", NOW)
    assert fail(people) is LogInFailed
    assert [
        row.act for row in people.accounts.list_audit(Scope.ALL, person=made.id, acts=["password_changed"])
    ]


def test_guessing_the_old_password_is_limited_like_a_log_in(people: People, make: Make) -> None:
    make("zhangwei")
    caller = enter(people).caller
    by = By("zhangwei", HERE)
    for _ in range(TERMS.pair.tries):
        with pytest.raises(PasswordRefused):
            people.accounts.change_password(caller, WRONG, WRONG, by, NOW)
    with pytest.raises(TooManyAttempts):
        people.accounts.change_password(caller, PASSWORD, WRONG, by, NOW)


def test_a_reset_password_works_once_it_is_changed(people: People, make: Make) -> None:
    made = make("zhangwei", WORKER)
    random = people.accounts.reset_password(made.id, ROOT, NOW)
    opened = people.log_in.by_password("zhangwei", random, HERE, "", NOW)
    assert scope_of(opened.caller, Right.SEE_ALERTS, NOW) == Scope.NOTHING
    people.accounts.change_password(opened.caller, random, PASSWORD, By("zhangwei", HERE), NOW)
    caller = people.sessions.authenticate(opened.token.get_secret_value(), NOW)
    assert scope_of(caller, Right.SEE_ALERTS, NOW) == Scope(places=frozenset({"g3"}))


def test_an_old_hash_is_made_anew_at_the_next_log_in(people: People, make: Make, url: str) -> None:
    make("zhangwei")
    stronger = People.over(PostgresPeople(connections_to(url)))

    def kept() -> str:
        with connect(url, name="test") as connection:
            row = connection.execute("SELECT password_hash FROM people").fetchone()
            assert row is not None
            return str(row[0])

    assert "m=8," in kept()
    enter(stronger)
    assert "m=65536" in kept()
    enter(stronger)


def test_a_token_acts_for_its_owner_until_it_ends(people: People, make: Make) -> None:
    made = make("zhangwei", WORKER)
    shown, secret = people.tokens.make(made.id, " 指挥 大屏 ", ROOT, NOW, read_only=True, days=2)
    text = secret.get_secret_value()
    assert (shown.label, shown.login, shown.read_only) == ("指挥 大屏", "zhangwei", True)
    caller = people.tokens.authenticate(text, NOW)
    assert caller is not None
    assert (caller.via, caller.credential, caller.until) == (Via.TOKEN, shown.id, NOW + timedelta(days=2))
    assert scope_of(caller, Right.ACT, NOW) == Scope.NOTHING
    assert people.sessions.again(caller, NOW) == caller
    assert people.tokens.list_of(made.id, NOW)[0].used_at == NOW
    assert people.tokens.authenticate(text, NOW + timedelta(days=2)) is None
    assert people.tokens.authenticate(text[:-1] + ("A" if text[-1] != "A" else "B"), NOW) is None
    people.accounts.reset_password(made.id, ROOT, NOW)
    assert people.tokens.authenticate(text, NOW), "a wall display goes on when its owner gets a new password"
    people.accounts.change(made.id, ROOT, NOW, disabled=True)
    assert people.tokens.authenticate(text, NOW) is None
    people.accounts.change(made.id, ROOT, NOW, disabled=False)
    with pytest.raises(NotFound):
        people.tokens.revoke(make("lina").id, shown.id, ROOT, NOW)
    people.tokens.revoke(made.id, shown.id, ROOT, NOW)
    assert people.tokens.authenticate(text, NOW) is None
    assert people.sessions.again(caller, NOW) is None
    assert people.tokens.list_of(made.id, NOW) == []
    assert [one.id for one in people.tokens.list_of(None, NOW, ended=True)] == [shown.id]
    with pytest.raises(NotFound):
        people.tokens.revoke(made.id, shown.id, ROOT, NOW)


def test_a_token_that_cannot_be_is_refused(people: People, make: Make) -> None:
    made = make("zhangwei")
    for label, days in (("", 1), ("x" * 101, 1), ("wall", 0), ("wall", 5000)):
        with pytest.raises(PersonRefused):
            people.tokens.make(made.id, label, ROOT, NOW, days=days)
    with pytest.raises(NotFound):
        people.tokens.make("nobody", "wall", ROOT, NOW)
    people.accounts.change(made.id, ROOT, NOW, disabled=True)
    with pytest.raises(PersonRefused):
        people.tokens.make(made.id, "wall", ROOT, NOW)


def test_a_session_token_is_no_api_token_nor_the_other_way_round(people: People, make: Make) -> None:
    made = make("zhangwei")
    session = enter(people).token.get_secret_value()
    bearer = people.tokens.make(made.id, "wall", ROOT, NOW)[1].get_secret_value()
    assert people.tokens.authenticate(session, NOW) is None
    assert people.sessions.authenticate(bearer, NOW) is None


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{43}") | st.from_regex(r"rw_[0-9a-f]{16}_[A-Za-z0-9_-]{43}"))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_other_text_is_anybody(people: People, text: str) -> None:
    assert people.sessions.authenticate(text, NOW) is None
    assert people.tokens.authenticate(text, NOW) is None
