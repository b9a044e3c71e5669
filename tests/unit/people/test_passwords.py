"""Which passwords are taken, how they are checked, and the form of tokens."""

import threading

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from redwhistle.errors import PasswordRefused, TooManyAttempts
from server.people import passwords as module
from server.people.credentials import (
    csrf_matches,
    csrf_of,
    new_bearer_token,
    new_session_token,
    read_bearer,
    session_digest,
)
from server.people.passwords import Passwords, check_password, random_password
from server.people.terms import Terms

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "锦园七栋的猫喜欢晒太阳吗",
        "tulip-river-47-lamp",
        "zhangwei likes green tea",
        "horse battery horse battery",
    ],
)
def test_what_is_long_and_uncommon_is_taken(password: str) -> None:
    check_password(SecretStr(password), "zhangwei")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "too_short"),
        ("elevenchars", "too_short"),
        ("x" * 257, "too_long"),
        ("password2026!", "common"),
        ("P@ssw0rd12345", "common"),
        ("passwordpassword", "common"),
        ("adminpassword", "common"),
        ("123456789012", "common"),
        ("qwertyuiopas", "common"),
        ("zyxwvutsrqponm", "common"),
        ("aaaaaaaaaaaaa", "common"),
        ("abcabcabcabc", "common"),
        ("1qaz2wsx3edc4rfv", "common"),
        ("redwhistle2026", "common"),
        ("ＰＡＳＳＷＯＲＤ１２３４", "common"),
        ("zhangwei8888", "login_inside"),
        ("2026ZHANGWEI!", "login_inside"),
        ("zhangweizhangwei", "login_inside"),
    ],
)
def test_what_is_short_or_guessed_first_is_refused(password: str, code: str) -> None:
    with pytest.raises(PasswordRefused) as refused:
        check_password(SecretStr(password), "zhangwei")
    assert refused.value.code == code
    assert len(password) < 3 or password not in str(refused.value)


@given(st.text(max_size=300), st.text(alphabet="abc.", max_size=40))
def test_any_text_is_taken_or_refused_and_nothing_else(password: str, login: str) -> None:
    try:
        check_password(SecretStr(password), login)
    except PasswordRefused:
        return
    kept = Passwords(QUICK).hash(SecretStr(password))
    assert Passwords(QUICK).verify(kept, SecretStr(password))
    assert not Passwords(QUICK).verify(kept, SecretStr(password + "x"))


def test_random_passwords_are_taken_and_differ() -> None:
    made = {random_password().get_secret_value() for _ in range(50)}
    assert len(made) == 50
    for one in made:
        check_password(SecretStr(one), "admin")


def test_the_same_password_typed_in_another_width_is_the_same() -> None:
    kept = Passwords(QUICK).hash(SecretStr("ｔｕｌｉｐ－ｒｉｖｅｒ－４７"))
    assert Passwords(QUICK).verify(kept, SecretStr("tulip-river-47"))


def test_nobody_and_a_broken_hash_are_never_right() -> None:
    passwords = Passwords(QUICK)
    passwords.prepare()
    assert not passwords.verify(None, SecretStr(""))
    assert not passwords.verify("no hash", SecretStr("no hash"))


def test_a_hash_says_argon2id_with_its_strength() -> None:
    assert Passwords().hash(SecretStr("x")).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert Passwords().outdated(Passwords(QUICK).hash(SecretStr("x")))


def test_too_many_checks_at_once_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0.01)
    inside, leave = threading.Event(), threading.Event()

    class Slow(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002, ARG002
            inside.set()
            leave.wait(10)
            return True

    passwords = Passwords(Slow(time_cost=1, memory_cost=8, parallelism=1), at_once=1)
    first = threading.Thread(target=passwords.verify, args=("kept", SecretStr("x")))
    first.start()
    try:
        assert inside.wait(10)
        with pytest.raises(TooManyAttempts):
            passwords.verify("kept", SecretStr("x"))
    finally:
        leave.set()
        first.join()
    assert passwords.verify("kept", SecretStr("x"))


def test_tokens_are_read_as_they_were_made() -> None:
    public, token = new_bearer_token()
    read = read_bearer(token.get_secret_value())
    assert read is not None
    assert read.id == public
    assert public in token.get_secret_value()
    session = new_session_token().get_secret_value()
    assert len(session_digest(session) or b"") == 32
    assert session_digest(token.get_secret_value()) is None
    assert read_bearer(session) is None


@given(st.text())
def test_no_text_breaks_the_reading_of_tokens(text: str) -> None:
    digest = session_digest(text)
    assert digest is None or len(text) == 43
    assert csrf_matches(text, csrf_of(text))
    read = read_bearer(text)
    assert read is None or text.startswith(f"rw_{read.id}_")


@given(st.text(), st.text() | st.none())
def test_a_csrf_token_fits_its_session_only(session: str, given_: str | None) -> None:
    assert csrf_matches(session, given_) == (given_ == csrf_of(session))
    assert not csrf_matches(session + "x", csrf_of(session))


@given(st.text(), st.text())
def test_any_address_has_windows_that_show_nothing_of_it(login: str, address: str) -> None:
    keys = [key for key, _ in Terms().windows(login, address)]
    assert len(set(keys)) == 3
    assert all(len(key) == 64 for key in keys)
    assert set(Terms().account_keys(login, address)) == set(keys[:2])
