"""The one gate: what a caller has a right to, and over what. Everything else asks here."""

from datetime import datetime

from server.rights.caller import Caller, Grant
from server.rights.roles import BINDING, READ_ONLY_RIGHTS, RIGHTS, Reach, Right
from server.rights.scope import Scope


def scope_of(caller: Caller | None, right: Right, now: datetime) -> Scope:
    """Over what the caller has the right now; `Scope.NOTHING` for nobody, and for everything that is not allowed.

    Nothing at all is allowed from the end of the session or token on, and to a person who has to change the password first.
    """
    if caller is None or now >= caller.until or caller.must_change_password:
        return Scope.NOTHING
    if caller.read_only and right not in READ_ONLY_RIGHTS:
        return Scope.NOTHING
    return Scope.NOTHING.union(
        _reach_of(grant) for grant in caller.grants if right in RIGHTS.get(grant.role, frozenset())
    )


def rights_of(caller: Caller | None, now: datetime) -> frozenset[Right]:
    """The rights that the caller has somewhere."""
    return frozenset(right for right in Right if not scope_of(caller, right, now).empty)


def _reach_of(grant: Grant) -> Scope:
    match BINDING[grant.role]:
        case Reach.ALL:
            return Scope.ALL
        case Reach.PLACE:
            return Scope(places=frozenset({grant.place or ""}))
        case Reach.COMPANY:
            return Scope(companies=frozenset({grant.company or ""}))
