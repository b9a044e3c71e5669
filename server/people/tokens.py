"""API tokens: for machines and wall displays, with the rights of their owner and an end."""

from datetime import datetime, timedelta

from pydantic import SecretStr

from redwhistle.errors import NotFound, PersonRefused
from server.people.checks import check_label
from server.people.codes import Refusal
from server.people.credentials import new_bearer_token, read_bearer
from server.people.ports import NewToken, PeopleStore
from server.people.records import AuditAct, AuditEntry, By, TokenShown
from server.people.sessions import bearer_caller
from server.rights.caller import Caller

MAX_DAYS = 1100
MAX_LIVE = 50
"""A person's tokens at one time: more are forgotten, not used."""


class Tokens:
    """API tokens: made once and shown once, listed, revoked."""

    def __init__(self, store: PeopleStore) -> None:
        self._store = store

    def authenticate(self, bearer: str, now: datetime) -> Caller | None:
        """The caller behind the text after `Bearer `, or None."""
        return bearer_caller(self._store, bearer, now)

    def make(
        self, person: str, label: str, by: By, now: datetime, *, read_only: bool = False, days: int = 365
    ) -> tuple[TokenShown, SecretStr]:
        """A token for this person, and the one time that its text is there. Raise NotFound, PersonRefused."""
        said = check_label(label)
        if not 1 <= days <= MAX_DAYS:
            raise PersonRefused("days", Refusal.OUT_OF_RANGE, f"a token lasts 1 to {MAX_DAYS} days")
        public, secret = new_bearer_token()
        read = read_bearer(secret.get_secret_value())
        assert read is not None  # noqa: S101  made a line above
        with self._store.begin() as rows:
            owner = rows.read_person(person, lock=True)
            if owner.disabled_at is not None:
                raise PersonRefused(
                    "person", Refusal.DISABLED, f"{owner.login} is disabled: enable the account first"
                )
            if len(rows.list_tokens(person, now)) >= MAX_LIVE:
                raise PersonRefused(
                    "label", Refusal.TOO_MANY, f"{MAX_LIVE} tokens are enough: revoke one first"
                )
            expires_at = now + timedelta(days=days)
            rows.add_token(NewToken(public, read.sha256, person, said, read_only, now, by.login, expires_at))
            detail = {"label": said, "read_only": read_only, "days": days}
            rows.note(AuditEntry(now, by, AuditAct.TOKEN_MADE, person, about=public, detail=detail))
        shown = TokenShown(
            public,
            person,
            owner.login,
            said,
            read_only,
            now,
            by.login,
            expires_at,
            used_at=None,
            revoked_at=None,
        )
        return shown, secret

    def list_of(self, person: str | None, now: datetime, *, ended: bool = False) -> list[TokenShown]:
        """The person's tokens (None: everybody's), the newest first; `ended`: those that ran out or were revoked, too."""
        with self._store.begin() as rows:
            return rows.list_tokens(person, now, ended=ended)

    def revoke(self, person: str | None, token: str, by: By, now: datetime) -> TokenShown:
        """End a token for good; raise NotFound unless it is live and this person's (None: anybody's)."""
        with self._store.begin() as rows:
            revoked = rows.revoke_token(person, token, by.login, now)
            if revoked is None:
                raise NotFound("there is no such token, or it has ended already: list them again")
            rows.note(AuditEntry(now, by, AuditAct.TOKEN_REVOKED, revoked.person, about=token))
            return revoked
