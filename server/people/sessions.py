"""Sessions and API tokens at the door: who is this, and is it still so? One query a request."""

from collections.abc import Callable
from datetime import datetime, timedelta

from redwhistle.errors import NotFound
from server.people.credentials import csrf_matches, csrf_of, read_bearer, session_digest
from server.people.ports import Found, PeopleStore
from server.people.records import AuditAct, AuditEntry, By, SessionShown
from server.people.terms import Terms
from server.rights.caller import Caller, Via

TOUCH_EVERY = timedelta(seconds=60)
"""How often the use of a session or token is written down."""


class Sessions:
    """Browser sessions: told by cookie, seen and ended."""

    csrf_of = staticmethod(csrf_of)
    csrf_matches = staticmethod(csrf_matches)

    def __init__(self, store: PeopleStore, terms: Terms) -> None:
        self._store = store
        self._terms = terms

    def authenticate(self, token: str, now: datetime) -> Caller | None:
        """The caller behind a cookie's value; None for one that is wrong, ended, too old, idle for too long, or of
        somebody disabled. Counts as use."""
        digest = session_digest(token)
        if digest is None:
            return None
        found = self._store.session_by_secret(digest, now, self._idle_since(now))
        return used(found, now, self._store.touch_session)

    def again(self, caller: Caller, now: datetime) -> Caller | None:
        """The same caller with the rights of now, or None when the session or token has ended. Does not count as use."""
        if caller.via is Via.SESSION:
            found = self._store.session_by_id(caller.credential, now, self._idle_since(now))
        else:
            found = self._store.token_by_id(caller.credential, now)
        return found.caller if found else None

    def list_of(self, person: str, now: datetime) -> list[SessionShown]:
        """The person's live sessions, the newest first."""
        with self._store.begin() as rows:
            return rows.list_sessions(person, now, self._idle_since(now))

    def end(self, person: str, session: str, by: By, now: datetime) -> None:
        """End one session; raise NotFound unless it is live and this person's."""
        with self._store.begin() as rows:
            if not rows.end_sessions(person, by.login, now, only=session):
                raise NotFound("there is no such session, or it has ended already: list them again")
            rows.note(AuditEntry(now, by, AuditAct.SESSION_ENDED, person, about=session))

    def end_all(self, person: str, by: By, now: datetime, *, but: str | None = None) -> int:
        """End the person's sessions, all or all but one; how many."""
        with self._store.begin() as rows:
            ended = rows.end_sessions(person, by.login, now, but=but)
            if ended:
                rows.note(AuditEntry(now, by, AuditAct.SESSIONS_ENDED, person, detail={"count": ended}))
            return ended

    def _idle_since(self, now: datetime) -> datetime:
        return now - self._terms.session_idle


def used(found: Found | None, now: datetime, touch: Callable[[str, datetime], None]) -> Caller | None:
    """The caller found, the use of the credential written down if the last note of it is old."""
    if found is None:
        return None
    if found.seen_at is None or now - found.seen_at >= TOUCH_EVERY:
        touch(found.caller.credential, now)
    return found.caller


def bearer_caller(store: PeopleStore, bearer: str, now: datetime) -> Caller | None:
    """The caller behind an API token; None for one that is wrong, revoked, expired, or of somebody disabled."""
    read = read_bearer(bearer)
    if read is None:
        return None
    return used(store.token_by_secret(read.id, read.sha256, now), now, store.touch_token)
