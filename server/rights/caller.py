"""Somebody who asks: a person with the grants of the moment, and the session or token that speaks for them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.rights.roles import BINDING, Reach, Role


@dataclass(frozen=True, slots=True)
class Grant:
    """A role over a place or for a company, as the role binds; ValueError for one that names the wrong thing."""

    role: Role
    place: str | None = None
    company: str | None = None

    def __post_init__(self) -> None:
        reach = BINDING[self.role]
        if bool(self.place) != (reach is Reach.PLACE) or bool(self.company) != (reach is Reach.COMPANY):
            wanted = {
                Reach.ALL: "neither place nor company",
                Reach.PLACE: "a place",
                Reach.COMPANY: "a company",
            }
            raise ValueError(f"{self.role} is bound to {wanted[reach]}")


class Via(StrEnum):
    """What a caller showed at the door."""

    SESSION = "session"
    """A cookie: unsafe methods need the CSRF token, too."""
    TOKEN = "token"  # noqa: S105  a word, no secret
    """An API token in the header `Authorization`."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A person behind a live session or token. Everything is refused from `until` on, whoever still holds this value."""

    person: str
    """Id (uuid)."""
    login: str
    name: str
    lang: str
    grants: tuple[Grant, ...]
    via: Via
    credential: str
    """Id of the session or token; no secret."""
    until: datetime
    read_only: bool = False
    must_change_password: bool = False
    """Only in a session: until then nothing but the password can be changed. A token goes on working."""
    on_duty: bool = False
    on_duty_since: datetime | None = None
