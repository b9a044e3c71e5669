"""The parts together: what the doors and the command line hold."""

from dataclasses import dataclass
from typing import Self

from server.people.accounts import Accounts
from server.people.log_in import LogIn
from server.people.passwords import Passwords
from server.people.ports import PeopleStore
from server.people.sessions import Sessions
from server.people.terms import Terms
from server.people.tokens import Tokens


@dataclass(frozen=True, slots=True)
class People:
    """Accounts, log-in, sessions and tokens over one store. Safe to use from many threads, if the store is."""

    accounts: Accounts
    log_in: LogIn
    sessions: Sessions
    tokens: Tokens

    @classmethod
    def over(cls, store: PeopleStore, terms: Terms | None = None, passwords: Passwords | None = None) -> Self:
        """Over this store, with the usual terms and argon2's recommended strength unless told otherwise."""
        terms = terms or Terms()
        passwords = passwords or Passwords()
        return cls(
            accounts=Accounts(store, passwords, terms),
            log_in=LogIn(store, passwords, terms),
            sessions=Sessions(store, terms),
            tokens=Tokens(store),
        )
