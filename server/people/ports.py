"""What the use cases need of a store; `server.store.people` implements it over PostgreSQL.

Ids are uuids as text; one that is none is an unknown one. Driver errors come out as StoreError.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from server.people.records import (
    AuditEntry,
    AuditRow,
    Credentials,
    DutyRow,
    How,
    Identity,
    Lang,
    Person,
    SessionShown,
    TokenShown,
)
from server.people.terms import Window
from server.rights.caller import Caller, Grant
from server.rights.scope import Scope


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A row of `people`."""

    id: str
    login: str
    name: str
    lang: Lang
    password_hash: str | None = field(repr=False)
    must_change_password: bool
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class NewSession:
    """A row of `sessions`."""

    id: str
    token_sha256: bytes = field(repr=False)
    person: str
    at: datetime
    expires_at: datetime
    how: How
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class NewToken:
    """A row of `tokens`."""

    id: str
    secret_sha256: bytes = field(repr=False)
    person: str
    label: str
    read_only: bool
    at: datetime
    by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """A caller, and when the session or token was last written to have been used."""

    caller: Caller
    seen_at: datetime | None


class PeopleRows(Protocol):
    """The rows, inside one transaction."""

    def add_person(self, account: NewAccount) -> bool:
        """False if the login is taken."""

    def read_person(self, person: str, *, lock: bool = False) -> Person:
        """Raise NotFound. `lock`: until the transaction ends."""

    def find_person(self, login: str) -> Person:
        """By login; raise NotFound."""

    def list_people(
        self, *, after: str, limit: int, text: str, role: str | None, disabled: bool
    ) -> list[Person]:
        """In order of login, those behind `after`; `text` is part of login or name; `disabled`: those, too."""

    def any_person(self) -> bool:
        """Whether there is an account. Locks out others that would make the first one."""

    def lock_admins(self) -> list[str]:
        """Ids of the people who are admin and not disabled; nobody else gets an answer before the transaction ends."""

    def change_person(self, person: str, *, name: str, lang: Lang, disabled_at: datetime | None) -> None: ...

    def set_password(self, person: str, password_hash: str, *, must_change: bool, at: datetime) -> None: ...

    def renew_hash(self, person: str, old: str, new: str) -> None:
        """The same password hashed anew, unless it was changed meanwhile."""

    def set_duty(self, person: str, on_duty: bool, by: str, at: datetime) -> None: ...

    def list_duty(self, person: str, *, limit: int) -> list[DutyRow]:
        """The newest first."""

    def set_grants(
        self, person: str, added: Sequence[Grant], removed: Sequence[Grant], by: str, at: datetime
    ) -> None: ...

    def missing(self, grants: Sequence[Grant]) -> list[Grant]:
        """Those whose place or company is not there."""

    def find_credentials(self, login: str, *, lock: bool = False) -> Credentials | None: ...

    def bind_identity(self, identity: Identity, login: str) -> str | None:
        """Bind the identity to the account of this login if it has no password, is bound to nothing and not disabled; its id."""

    def find_identity(self, identity: Identity) -> Credentials | None: ...

    def take_try(self, attempt: str, windows: Sequence[tuple[str, Window]], now: datetime) -> float | None:
        """Count a try in all windows; if one is full, count nothing and return the seconds to wait."""

    def forget_tries(self, attempt: str | None, keys: Sequence[str], before: datetime) -> None:
        """Take out this try, all under these keys, and what is older than `before`."""

    def add_session(self, session: NewSession) -> None: ...

    def list_sessions(self, person: str, now: datetime, idle_since: datetime) -> list[SessionShown]: ...

    def end_sessions(
        self, person: str, by: str, now: datetime, *, only: str | None = None, but: str | None = None
    ) -> int:
        """How many were live and are ended."""

    def add_token(self, token: NewToken) -> None: ...

    def list_tokens(self, person: str | None, now: datetime, *, ended: bool = False) -> list[TokenShown]: ...

    def revoke_token(self, person: str | None, token: str, by: str, now: datetime) -> TokenShown | None:
        """None if no such token is live."""

    def note(self, *entries: AuditEntry) -> None:
        """Write to the audit log."""

    def list_audit(
        self,
        scope: Scope,
        *,
        before: int | None,
        limit: int,
        person: str | None = None,
        acts: Sequence[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[AuditRow]:
        """The newest first. Visible are lines about people who have a grant inside the scope; all to `everything`."""


class PeopleStore(Protocol):
    """Transactions, and the reads that are made at each request."""

    def begin(self) -> AbstractContextManager[PeopleRows]:
        """A transaction: committed at the end, rolled back by an error."""

    def session_by_secret(self, sha256: bytes, now: datetime, idle_since: datetime) -> Found | None: ...

    def session_by_id(self, session: str, now: datetime, idle_since: datetime) -> Found | None: ...

    def token_by_secret(self, token: str, sha256: bytes, now: datetime) -> Found | None: ...

    def token_by_id(self, token: str, now: datetime) -> Found | None: ...

    def touch_session(self, session: str, now: datetime) -> None: ...

    def touch_token(self, token: str, now: datetime) -> None: ...
