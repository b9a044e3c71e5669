"""The rows of accounts inside one transaction. Implements server.people.ports.PeopleRows; what each does stands there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import dict_row

from redwhistle.errors import NotFound
from server.people.ports import NewAccount, NewSession, NewToken
from server.people.records import (
    AuditEntry,
    AuditRow,
    Credentials,
    DutyRow,
    GrantShown,
    How,
    Identity,
    Lang,
    Person,
    SessionShown,
    TokenShown,
)
from server.people.terms import Window
from server.rights.caller import Grant
from server.rights.roles import Role
from server.rights.scope import Scope
from server.store import storable
from server.store.connection import Connection
from server.store.sql import statement

_Row = dict[str, Any]
_KNOWN = frozenset(Role)
"""A role that only a newer program knows is not shown, and gives no right."""


class PostgresPeopleRows:
    """One transaction of `connection`, which the caller begins and ends; driver errors are translated there, too."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # Accounts.

    def add_person(self, account: NewAccount) -> bool:
        values = {
            "id": account.id,
            "login": account.login,
            "name": storable.text(account.name),
            "lang": account.lang.value,
            "password_hash": account.password_hash,
            "must_change_password": account.must_change_password,
            "at": account.at,
            "by": storable.text(account.by),
        }
        return bool(self._rows("people/add", values))

    def read_person(self, person: str, *, lock: bool = False) -> Person:
        id_ = uuid_or_none(person)
        if lock:
            self._rows("people/lock_person", {"id": id_})
        return self._person({"id": id_, "login": None})

    def find_person(self, login: str) -> Person:
        return self._person({"id": None, "login": storable.text(login)})

    def list_people(
        self, *, after: str, limit: int, text: str, role: str | None, disabled: bool
    ) -> list[Person]:
        part = storable.text(text).replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        values = {
            "after": storable.text(after),
            "limit": limit,
            "text": f"%{part}%",
            "role": role,
            "disabled": disabled,
        }
        return [_person(row) for row in self._rows("people/list", values)]

    def any_person(self) -> bool:
        self._run("people/lock_first_start", {})
        return bool(self._rows("people/any", {})[0]["exists"])

    def lock_admins(self) -> list[str]:
        self._run("people/lock_admins", {})
        return [row["id"] for row in self._rows("people/admins", {})]

    def change_person(self, person: str, *, name: str, lang: Lang, disabled_at: datetime | None) -> None:
        values = {
            "id": uuid_or_none(person),
            "name": storable.text(name),
            "lang": lang.value,
            "disabled_at": disabled_at,
        }
        self._run("people/change", values)

    def set_password(self, person: str, password_hash: str, *, must_change: bool, at: datetime) -> None:
        values = {
            "id": uuid_or_none(person),
            "hash": password_hash,
            "must_change": must_change,
            "at": at,
        }
        self._run("people/set_password", values)

    def renew_hash(self, person: str, old: str, new: str) -> None:
        self._run("people/renew_hash", {"id": uuid_or_none(person), "old": old, "new": new})

    def set_duty(self, person: str, on_duty: bool, by: str, at: datetime) -> None:
        values = {"id": uuid_or_none(person), "on_duty": on_duty, "by": storable.text(by), "at": at}
        self._run("people/set_duty", values)

    def list_duty(self, person: str, *, limit: int) -> list[DutyRow]:
        found = self._rows("people/list_duty", {"id": uuid_or_none(person), "limit": limit})
        return [DutyRow(**row) for row in found]

    # Grants.

    def set_grants(
        self, person: str, added: Sequence[Grant], removed: Sequence[Grant], by: str, at: datetime
    ) -> None:
        for name, grants in (("people/remove_grant", removed), ("people/add_grant", added)):
            for grant in grants:
                values = {
                    "person": uuid_or_none(person),
                    "role": grant.role.value,
                    "place": grant.place,
                    "company": grant.company,
                    "by": storable.text(by),
                    "at": at,
                }
                self._connection.execute(statement(name), values)

    def missing(self, grants: Sequence[Grant]) -> list[Grant]:
        named = {
            "places": [storable.text(one.place) for one in grants if one.place],
            "companies": [storable.text(one.company) for one in grants if one.company],
        }
        gone = {(row["kind"], row["id"]) for row in self._rows("people/missing", named)}
        return [
            one
            for one in grants
            if ("place", storable.text(one.place or "")) in gone
            or ("company", storable.text(one.company or "")) in gone
        ]

    # Logging in.

    def find_credentials(self, login: str, *, lock: bool = False) -> Credentials | None:
        name: LiteralString = "people/lock_credentials" if lock else "people/credentials"
        return _credentials(self._rows(name, {"login": storable.text(login)}))

    def bind_identity(self, identity: Identity, login: str) -> str | None:
        values = {**_identity(identity), "login": storable.text(login)}
        found = self._rows("people/bind_identity", values)
        return found[0]["id"] if found else None

    def find_identity(self, identity: Identity) -> Credentials | None:
        return _credentials(self._rows("people/identity", _identity(identity)))

    def take_try(self, attempt: str, windows: Sequence[tuple[str, Window]], now: datetime) -> float | None:
        values = {
            "id": attempt,
            "keys": [key for key, _ in windows],
            "tries": [window.tries for _, window in windows],
            "seconds": [window.seconds for _, window in windows],
            "now": now,
        }
        self._run("people/lock_tries", values)
        wait_s: float | None = self._rows("people/wait_for_try", values)[0]["max"]
        if wait_s is None:
            self._run("people/add_try", values)
        return wait_s

    def forget_tries(self, attempt: str | None, keys: Sequence[str], before: datetime) -> None:
        self._run("people/forget_tries", {"id": attempt, "keys": list(keys), "before": before})

    # Sessions and tokens.

    def add_session(self, session: NewSession) -> None:
        values = {
            "id": session.id,
            "token_sha256": session.token_sha256,
            "person": session.person,
            "at": session.at,
            "expires_at": session.expires_at,
            "how": session.how.value,
            "address": storable.text(session.address),
            "agent": storable.text(session.agent),
        }
        self._run("people/clear_sessions", {"now": session.at})
        self._run("people/add_session", values)

    def list_sessions(self, person: str, now: datetime, idle_since: datetime) -> list[SessionShown]:
        values = {"person": uuid_or_none(person), "now": now, "idle_since": idle_since}
        found = self._rows("people/list_sessions", values)
        return [SessionShown(**{**row, "how": How(row["how"])}) for row in found]

    def end_sessions(
        self, person: str, by: str, now: datetime, *, only: str | None = None, but: str | None = None
    ) -> int:
        if only is not None and uuid_or_none(only) is None:
            return 0
        values = {
            "person": uuid_or_none(person),
            "by": storable.text(by),
            "now": now,
            "only": uuid_or_none(only),
            "but": uuid_or_none(but),
        }
        return self._connection.execute(statement("people/end_sessions"), values).rowcount

    def add_token(self, token: NewToken) -> None:
        values = {
            "id": token.id,
            "secret_sha256": token.secret_sha256,
            "person": token.person,
            "label": storable.text(token.label),
            "read_only": token.read_only,
            "at": token.at,
            "by": storable.text(token.by),
            "expires_at": token.expires_at,
        }
        self._run("people/add_token", values)

    def list_tokens(self, person: str | None, now: datetime, *, ended: bool = False) -> list[TokenShown]:
        if person is not None and uuid_or_none(person) is None:
            return []
        values = {"person": uuid_or_none(person), "now": now, "ended": ended}
        return [TokenShown(**row) for row in self._rows("people/list_tokens", values)]

    def revoke_token(self, person: str | None, token: str, by: str, now: datetime) -> TokenShown | None:
        if person is not None and uuid_or_none(person) is None:
            return None
        values = {
            "id": storable.text(token),
            "person": uuid_or_none(person),
            "by": storable.text(by),
            "now": now,
        }
        found = self._rows("people/revoke_token", values)
        return TokenShown(**found[0]) if found else None

    # The audit log.

    def note(self, *entries: AuditEntry) -> None:
        for entry in entries:
            values = {
                "at": entry.at,
                "actor": storable.text(entry.by.login),
                "act": entry.act.value,
                "person": entry.person,
                "about": storable.text(entry.about),
                "detail": storable.dumps(entry.detail),
                "address": storable.text(entry.by.address),
            }
            self._run("people/note", values)

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
        if person is not None and uuid_or_none(person) is None:
            return []
        values = {
            **scope.parameters(),
            "before": before,
            "limit": limit,
            "person": uuid_or_none(person),
            "acts": None if acts is None else list(acts),
            "since": since,
            "until": until,
        }
        return [AuditRow(**row) for row in self._rows("people/audit", values)]

    def _person(self, values: Mapping[str, Any]) -> Person:
        found = self._rows("people/person", values)
        if not found:
            raise NotFound("there is no such person: see `redwhistle user list`")
        return _person(found[0])

    def _rows(self, name: LiteralString, values: Mapping[str, Any]) -> list[_Row]:
        return self._connection.cursor(row_factory=dict_row).execute(statement(name), values).fetchall()

    def _run(self, name: LiteralString, values: Mapping[str, Any]) -> None:
        self._connection.execute(statement(name), values)


def uuid_or_none(text: str | None) -> str | None:
    """The uuid in its usual form; None for a text that is none, which then names nobody."""
    try:
        return None if text is None else str(UUID(text))
    except ValueError:
        return None


def _person(row: _Row) -> Person:
    grants = tuple(
        GrantShown(**{**one, "role": Role(one["role"]), "at": datetime.fromisoformat(one["at"])})
        for one in row["grants"]
        if one["role"] in _KNOWN
    )
    return Person(**{**row, "lang": Lang(row["lang"]), "grants": grants})


def _credentials(rows: list[_Row]) -> Credentials | None:
    return Credentials(**rows[0]) if rows else None


def _identity(identity: Identity) -> dict[str, str]:
    return {"issuer": storable.text(identity.issuer), "subject": storable.text(identity.subject)}
