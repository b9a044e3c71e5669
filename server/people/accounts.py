"""Accounts: made, named, disabled, granted, on and off duty. Each change stands in the audit log, in one transaction with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from pydantic import SecretStr

from redwhistle.errors import NotFound, PasswordRefused, PersonRefused, TooManyAttempts
from server.people.checks import check_lang, check_login, check_name
from server.people.codes import Refusal
from server.people.passwords import Passwords, check_password, random_password
from server.people.ports import NewAccount, PeopleRows, PeopleStore
from server.people.records import AuditAct, AuditEntry, AuditRow, By, DutyRow, Lang, Person
from server.people.terms import Terms
from server.rights.caller import Caller, Grant, Via
from server.rights.roles import Role
from server.rights.scope import Scope

FIRST = "admin"
"""The login of the account that the first start makes."""
SYSTEM = By("start")
_Change = Callable[[set[Grant]], set[Grant]]


@dataclass(frozen=True, slots=True)
class NewPerson:
    """An account to be made. Without a password it can only be used through OpenID Connect, until one is set."""

    login: str
    name: str
    lang: str = Lang.ZH
    password: SecretStr | None = None
    must_change_password: bool = True
    """Asked at the first log-in; of no meaning without a password."""
    grants: tuple[Grant, ...] = ()


class Accounts:
    """Everything about accounts but sessions and tokens."""

    def __init__(self, store: PeopleStore, passwords: Passwords, terms: Terms) -> None:
        self._store = store
        self._passwords = passwords
        self._terms = terms

    def read(self, person: str) -> Person:
        """By id; raise NotFound."""
        with self._store.begin() as rows:
            return rows.read_person(person)

    def find(self, login: str) -> Person:
        """By login; raise NotFound."""
        with self._store.begin() as rows:
            return rows.find_person(login)

    def list(
        self,
        *,
        after: str = "",
        limit: int = 100,
        text: str = "",
        role: str | None = None,
        disabled: bool = True,
    ) -> list[Person]:
        """In order of login, those behind login `after`. `text`: part of login or name. `disabled`: those, too."""
        with self._store.begin() as rows:
            return rows.list_people(after=after, limit=limit, text=text, role=role, disabled=disabled)

    def list_audit(
        self,
        scope: Scope,
        *,
        before: int | None = None,
        limit: int = 100,
        person: str | None = None,
        acts: Sequence[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[AuditRow]:
        """Lines about people who have a grant inside the scope, the newest first; `before` is the id of the last one seen."""
        with self._store.begin() as rows:
            return rows.list_audit(
                scope, before=before, limit=limit, person=person, acts=acts, since=since, until=until
            )

    def list_duty(self, person: str, *, limit: int = 100) -> Sequence[DutyRow]:
        """When somebody came on and went off duty, the newest first."""
        with self._store.begin() as rows:
            return rows.list_duty(person, limit=limit)

    def add(self, new: NewPerson, by: By, now: datetime) -> Person:
        """Make an account; raise PersonRefused for what cannot be taken, also for a login that is taken."""
        login = check_login(new.login)
        hashed = None
        if new.password is not None:
            check_password(new.password, login)
            hashed = self._passwords.hash(new.password)
        account = NewAccount(
            id=str(uuid4()),
            login=login,
            name=check_name(new.name),
            lang=check_lang(new.lang),
            password_hash=hashed,
            must_change_password=hashed is not None and new.must_change_password,
            at=now,
            by=by.login,
        )
        with self._store.begin() as rows:
            return self._add(rows, account, new.grants, by, now)

    def start_with_admin(self, now: datetime) -> SecretStr | None:
        """Where there is no account at all, make `admin` with a random password, to be shown once; else None."""
        with self._store.begin() as rows:
            if rows.any_person():
                return None
            password = random_password()
            hashed = self._passwords.hash(password)
            account = NewAccount(
                str(uuid4()),
                FIRST,
                "管理员",
                Lang.ZH,
                hashed,
                must_change_password=True,
                at=now,
                by=SYSTEM.login,
            )
            self._add(rows, account, (Grant(Role.ADMIN),), SYSTEM, now)
            return password

    def change(
        self,
        person: str,
        by: By,
        now: datetime,
        *,
        name: str | None = None,
        lang: str | None = None,
        disabled: bool | None = None,
    ) -> Person:
        """Change what is not None. Disabling ends all sessions, stops the tokens, and takes the person off duty.

        Raise NotFound; PersonRefused, also for disabling the last administrator.
        """
        with self._store.begin() as rows:
            admins = rows.lock_admins() if disabled else []
            old = rows.read_person(person, lock=True)
            was_disabled = old.disabled_at is not None
            if disabled and not was_disabled and admins == [person]:
                raise _last_admin("disabled")
            now_disabled = was_disabled if disabled is None else disabled
            said = old.name if name is None else check_name(name)
            spoken = old.lang if lang is None else check_lang(lang)
            since = (old.disabled_at or now) if now_disabled else None
            rows.change_person(person, name=said, lang=spoken, disabled_at=since)
            if said != old.name or spoken != old.lang:
                detail = {"name": said, "name_before": old.name, "lang": spoken.value}
                rows.note(AuditEntry(now, by, AuditAct.PERSON_CHANGED, person, detail=detail))
            if now_disabled and not was_disabled:
                rows.end_sessions(person, by.login, now)
                if old.on_duty:
                    rows.set_duty(person, False, by.login, now)
                rows.note(AuditEntry(now, by, AuditAct.PERSON_DISABLED, person))
            elif was_disabled and not now_disabled:
                rows.note(AuditEntry(now, by, AuditAct.PERSON_ENABLED, person))
            return rows.read_person(person)

    def set_duty(self, person: str, on_duty: bool, by: By, now: datetime) -> Person:
        """Come on duty or go off it; nothing happens if it is so already. Raise NotFound."""
        with self._store.begin() as rows:
            if rows.read_person(person, lock=True).on_duty != on_duty:
                rows.set_duty(person, on_duty, by.login, now)
            return rows.read_person(person)

    def set_grants(self, person: str, grants: Sequence[Grant], by: By, now: datetime) -> Person:
        """Make these the person's grants. They hold from the next request on, and open streams follow within seconds.

        Raise NotFound; PersonRefused for a place or company that is not there, or if no administrator would be left.
        """
        return self._regrant(person, lambda _: set(grants), by, now)

    def grant(self, person: str, grant: Grant, by: By, now: datetime) -> Person:
        """Add one grant; nothing happens if the person has it."""
        return self._regrant(person, lambda held: held | {grant}, by, now)

    def revoke(self, person: str, grant: Grant, by: By, now: datetime) -> Person:
        """Take one grant away; raise NotFound if the person has none like it."""

        def without(held: set[Grant]) -> set[Grant]:
            if grant not in held:
                raise NotFound("the person has no such grant: see `redwhistle role list`")
            return held - {grant}

        return self._regrant(person, without, by, now)

    def change_password(self, caller: Caller, old: SecretStr, new: SecretStr, by: By, now: datetime) -> None:
        """Change one's own password, knowing the old one; ends all other sessions.

        Raise TooManyAttempts; PasswordRefused, with the code `wrong` for the old one.
        """
        attempt = str(uuid4())
        with self._store.begin() as rows:
            wait_s = rows.take_try(attempt, self._terms.windows(caller.login, by.address), now)
            found = rows.find_credentials(caller.login)
        if wait_s is not None:
            raise TooManyAttempts(wait_s)
        if found is None or not self._passwords.verify(found.password_hash, old):
            raise PasswordRefused(Refusal.WRONG, "that is not your password: type the one you log in with")
        check_password(new, caller.login)
        if self._passwords.verify(found.password_hash, new):
            raise PasswordRefused(Refusal.SAME, "that is the password you have: take another one")
        hashed = self._passwords.hash(new)
        with self._store.begin() as rows:
            if rows.find_credentials(caller.login, lock=True) != found:
                raise PasswordRefused(Refusal.WRONG, "the password was changed in this moment: log in again")
            rows.set_password(caller.person, hashed, must_change=False, at=now)
            keep = caller.credential if caller.via is Via.SESSION else None
            ended = rows.end_sessions(caller.person, caller.login, now, but=keep)
            keys = self._terms.account_keys(caller.login, by.address)
            rows.forget_tries(attempt, keys, self._terms.stale(now))
            detail = {"sessions_ended": ended}
            rows.note(AuditEntry(now, by, AuditAct.PASSWORD_CHANGED, caller.person, detail=detail))

    def reset_password(self, person: str, by: By, now: datetime) -> SecretStr:
        """Give somebody a random password, to be shown once and changed at the next log-in; ends all their sessions."""
        password = random_password()
        self.set_password(person, password, by, now, must_change=True)
        return password

    def set_password(
        self, person: str, password: SecretStr, by: By, now: datetime, *, must_change: bool
    ) -> None:
        """Give somebody this password; ends all their sessions. Raise NotFound, PasswordRefused."""
        login = self.read(person).login
        check_password(password, login)
        hashed = self._passwords.hash(password)
        with self._store.begin() as rows:
            rows.read_person(person, lock=True)
            rows.set_password(person, hashed, must_change=must_change, at=now)
            ended = rows.end_sessions(person, by.login, now)
            rows.forget_tries(None, self._terms.account_keys(login, ""), self._terms.stale(now))
            detail = {"sessions_ended": ended}
            rows.note(AuditEntry(now, by, AuditAct.PASSWORD_RESET, person, detail=detail))

    def _add(
        self, rows: PeopleRows, account: NewAccount, grants: Sequence[Grant], by: By, now: datetime
    ) -> Person:
        if not rows.add_person(account):
            raise PersonRefused(
                "login", Refusal.TAKEN, f"{account.login} is somebody already: take another login"
            )
        detail = {"login": account.login, "name": account.name}
        rows.note(AuditEntry(now, by, AuditAct.PERSON_ADDED, account.id, detail=detail))
        _put_grants(rows, account.id, set(), set(grants), by, now)
        return rows.read_person(account.id)

    def _regrant(self, person: str, change: _Change, by: By, now: datetime) -> Person:
        with self._store.begin() as rows:
            admins = rows.lock_admins()
            held = {shown.grant for shown in rows.read_person(person, lock=True).grants}
            wanted = change(held)
            if admins == [person] and Grant(Role.ADMIN) not in wanted:
                raise _last_admin("taken the role")
            _put_grants(rows, person, held, wanted, by, now)
            return rows.read_person(person)


def _put_grants(
    rows: PeopleRows, person: str, held: set[Grant], wanted: set[Grant], by: By, now: datetime
) -> None:
    added, removed = sorted(wanted - held, key=repr), sorted(held - wanted, key=repr)
    for lacking in rows.missing(added):
        field, named = ("place", lacking.place) if lacking.place else ("company", lacking.company)
        raise PersonRefused(
            field, Refusal.UNKNOWN, f"there is no {field} {named!r}: see `redwhistle places tree`"
        )
    rows.set_grants(person, added, removed, by.login, now)
    for act, grants in ((AuditAct.GRANTED, added), (AuditAct.REVOKED, removed)):
        rows.note(
            *(
                AuditEntry(
                    now,
                    by,
                    act,
                    person,
                    about=grant.place or grant.company or "",
                    detail={"role": grant.role.value},
                )
                for grant in grants
            )
        )


def _last_admin(what: str) -> PersonRefused:
    return PersonRefused(
        "grants", Refusal.LAST_ADMIN, f"the last administrator cannot be {what}: make another one first"
    )
