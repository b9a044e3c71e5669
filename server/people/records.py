"""What the store keeps about people, as values. No secret is in any of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from server.rights.caller import Grant
from server.rights.roles import Role


class Lang(StrEnum):
    """A person's language on the screen."""

    ZH = "zh"
    EN = "en"


class How(StrEnum):
    """How a session was opened."""

    PASSWORD = "password"  # noqa: S105  a word, no secret
    OIDC = "oidc"


class AuditAct(StrEnum):
    """What the audit log keeps about accounts."""

    LOG_IN = "log_in"
    LOG_IN_FAILED = "log_in_failed"
    LOG_OUT = "log_out"
    SESSION_ENDED = "session_ended"
    SESSIONS_ENDED = "sessions_ended"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  a word, no secret
    PASSWORD_RESET = "password_reset"  # noqa: S105  a word, no secret
    PERSON_ADDED = "person_added"
    PERSON_CHANGED = "person_changed"
    PERSON_DISABLED = "person_disabled"
    PERSON_ENABLED = "person_enabled"
    GRANTED = "granted"
    REVOKED = "revoked"
    TOKEN_MADE = "token_made"  # noqa: S105  a word, no secret
    TOKEN_REVOKED = "token_revoked"  # noqa: S105  a word, no secret
    OIDC_BOUND = "oidc_bound"


@dataclass(frozen=True, slots=True)
class By:
    """Who does something, for the audit log: a login (or `cli:…`), and from which address."""

    login: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class GrantShown:
    """A grant with names. `level` and names are None where the place or company is not in the tree: it covers nothing."""

    role: Role
    place: str | None
    company: str | None
    level: str | None
    name_zh: str | None
    name_en: str | None
    granted_by: str
    at: datetime

    @property
    def grant(self) -> Grant:
        return Grant(self.role, self.place, self.company)


@dataclass(frozen=True, slots=True)
class Person:
    """An account as it stands."""

    id: str
    login: str
    name: str
    lang: Lang
    on_duty: bool
    on_duty_since: datetime | None
    must_change_password: bool
    has_password: bool
    oidc_issuer: str | None
    """The provider to which the account is bound, if any."""
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    grants: tuple[GrantShown, ...]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a log-in by password is checked against; the hash says nothing about the password, but stays inside."""

    person: str
    login: str
    password_hash: str | None = field(repr=False)
    disabled: bool


@dataclass(frozen=True, slots=True)
class SessionShown:
    """A live session, as its person (or an administrator) sees it."""

    id: str
    made_at: datetime
    seen_at: datetime
    expires_at: datetime
    how: How
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class TokenShown:
    """An API token without its secret."""

    id: str
    person: str
    login: str
    label: str
    read_only: bool
    made_at: datetime
    made_by: str
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A line for the audit log. `person`: id of the account it was done to or in, None where there is none."""

    at: datetime
    by: By
    act: AuditAct
    person: str | None
    about: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A line of the audit log, with the account's login and name."""

    id: int
    at: datetime
    actor: str
    act: str
    person: str | None
    login: str | None
    name: str | None
    about: str
    detail: Mapping[str, Any]
    address: str


@dataclass(frozen=True, slots=True)
class DutyRow:
    """A change of duty."""

    at: datetime
    on_duty: bool
    by: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at an OpenID Connect provider, as a checked ID token said it."""

    issuer: str
    subject: str
    login: str | None
