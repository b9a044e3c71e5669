"""Logging in: tries are counted before they are answered, and every failure looks the same and takes as long."""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn
from uuid import uuid4

from pydantic import SecretStr

from redwhistle.errors import LogInFailed, OidcFailed, TooManyAttempts
from redwhistle.logs import get_logger
from server.people.checks import LOGIN
from server.people.codes import OidcFault
from server.people.credentials import csrf_of, new_session_token, session_digest
from server.people.passwords import Passwords
from server.people.ports import NewSession, PeopleRows, PeopleStore
from server.people.records import AuditAct, AuditEntry, By, Credentials, How, Identity
from server.people.terms import Terms
from server.rights.caller import Caller, Via

log = get_logger(part="people")

FAILED = "the login or the password is wrong, or the account is disabled: try again, or ask an administrator"
MAX_AGENT = 200


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just opened. `token` is the cookie's value and is nowhere else."""

    token: SecretStr
    csrf: str = field(repr=False)
    caller: Caller
    session: str


class LogIn:
    """The door: by password, or as somebody whom an OpenID Connect provider vouches for."""

    def __init__(self, store: PeopleStore, passwords: Passwords, terms: Terms) -> None:
        self._store = store
        self._passwords = passwords
        self._terms = terms

    def by_password(self, login: str, password: SecretStr, address: str, agent: str, now: datetime) -> Opened:
        """Open a session. Raise LogInFailed without saying why, TooManyAttempts with the seconds to wait."""
        name = fold(login)
        attempt = str(uuid4())
        with self._store.begin() as rows:
            wait_s = rows.take_try(attempt, self._terms.windows(name, address), now)
            known = wait_s is None and LOGIN.fullmatch(name)
            found = rows.find_credentials(name) if known else None
        if wait_s is not None:
            log.warning("log_in_limited", address=address, retry_after_s=round(wait_s))
            raise TooManyAttempts(wait_s)
        right = self._passwords.verify(found.password_hash if found else None, password)
        if found is None or not right or found.disabled:
            self._fail(found, address, now)
        with self._store.begin() as rows:
            same = rows.find_credentials(name, lock=True)
            if same == found:  # neither disabled nor given another password while it was checked
                old = found.password_hash or ""
                if self._passwords.outdated(old):
                    rows.renew_hash(found.person, old, self._passwords.hash(password))
                keys = self._terms.account_keys(name, address)
                rows.forget_tries(attempt, keys, self._terms.stale(now))
                token, session = self._open(rows, found, How.PASSWORD, address, agent, now)
            else:
                token = None
        if token is None:
            self._fail(found, address, now)
        return self._opened(token, session, now)

    def by_oidc(self, identity: Identity, address: str, agent: str, now: datetime) -> Opened:
        """Open a session for the account that is bound to this identity. At its first log-in an identity is bound to
        the account of its login, if that has no password; accounts and rights are never made here. Raise OidcFailed."""
        with self._store.begin() as rows:
            found = rows.find_identity(identity)
            login = fold(identity.login or "")
            if found is None and LOGIN.fullmatch(login) and rows.bind_identity(identity, login):
                found = rows.find_identity(identity)
                assert found is not None  # noqa: S101  bound a line above
                by = By(found.login, address)
                detail = {"issuer": identity.issuer}
                rows.note(AuditEntry(now, by, AuditAct.OIDC_BOUND, found.person, detail=detail))
            allowed = found is not None and not found.disabled
            if found is not None and allowed:
                token, session = self._open(rows, found, How.OIDC, address, agent, now)
            else:
                rows.note(_failure(found, address, now, How.OIDC))
        if not allowed:
            log.warning("log_in_failed", how="oidc", known=found is not None, address=address)
            raise OidcFailed(
                OidcFault.NO_ACCOUNT,
                "nobody here has this account: ask an administrator to make one with your login",
            )
        return self._opened(token, session, now)

    def log_out(self, caller: Caller, now: datetime, address: str = "") -> None:
        """End the caller's own session; nothing happens if it has ended already."""
        if caller.via is not Via.SESSION:
            return
        with self._store.begin() as rows:
            if rows.end_sessions(caller.person, caller.login, now, only=caller.credential):
                by = By(caller.login, address)
                rows.note(AuditEntry(now, by, AuditAct.LOG_OUT, caller.person, about=caller.credential))

    def _open(
        self, rows: PeopleRows, found: Credentials, how: How, address: str, agent: str, now: datetime
    ) -> tuple[SecretStr, str]:
        token, session = new_session_token(), str(uuid4())
        digest = session_digest(token.get_secret_value())
        assert digest is not None  # noqa: S101  made a line above
        until = now + self._terms.session_lasts
        said = "".join(c for c in agent[:MAX_AGENT] if c.isprintable())
        rows.add_session(
            NewSession(session, digest, found.person, now, until, how, address[:MAX_AGENT], said)
        )
        by = By(found.login, address)
        rows.note(
            AuditEntry(now, by, AuditAct.LOG_IN, found.person, about=session, detail={"how": how.value})
        )
        log.info("log_in", login=found.login, session=session, how=how.value, address=address)
        return token, session

    def _opened(self, token: SecretStr, session: str, now: datetime) -> Opened:
        digest = session_digest(token.get_secret_value())
        assert digest is not None  # noqa: S101  made by this class
        found = self._store.session_by_secret(digest, now, now - self._terms.session_idle)
        if found is None:  # ended by an administrator in this very moment
            raise LogInFailed(FAILED)
        return Opened(token, csrf_of(token.get_secret_value()), found.caller, session)

    def _fail(self, found: Credentials | None, address: str, now: datetime) -> NoReturn:
        with self._store.begin() as rows:
            rows.note(_failure(found, address, now, How.PASSWORD))
        log.warning("log_in_failed", how="password", known=found is not None, address=address)
        raise LogInFailed(FAILED)


def fold(typed: str) -> str:
    """The login as it would be stored, whether or not there can be such a one."""
    return unicodedata.normalize("NFKC", typed[:200]).strip().casefold()


def _failure(found: Credentials | None, address: str, now: datetime, how: How) -> AuditEntry:
    """Without what was typed: people type passwords into the field of the login."""
    person = found.person if found else None
    return AuditEntry(now, By("", address), AuditAct.LOG_IN_FAILED, person, detail={"how": how.value})
