"""Accounts, log-in, sessions, tokens: use cases over the port `PeopleStore`, which `server.store.people` implements.

`People.over(PostgresPeople(pool.connection), Terms(…))` holds the parts. Every method takes `now` (aware UTC); what it
writes is one transaction together with its line in the audit log. What changes rights or ends a session is announced on
the channel `rw_people` at the commit, payload `{"person": uuid}`. `By(login, address)` is who does it. `Caller`, `Grant`,
`Scope` and `Right` come from `server.rights`; passwords and tokens travel as SecretStr.

    people.sessions
        authenticate(token: str, now) -> Caller | None            a cookie's value; one query
        csrf_of(token: str) -> str;  csrf_matches(token: str, given: str | None) -> bool
        again(caller, now) -> Caller | None                       for streams: with the rights of now; None: it has ended
        list_of(person, now) -> list[SessionShown]                live ones, the newest first
        end(person, session, by, now);  end_all(person, by, now, *, but=None) -> int
    people.tokens
        authenticate(bearer: str, now) -> Caller | None           the text after "Bearer "; one query
        make(person, label, by, now, *, read_only=False, days=365) -> tuple[TokenShown, SecretStr]
        list_of(person | None, now, *, ended=False) -> list[TokenShown];  revoke(person | None, token, by, now) -> TokenShown
    people.log_in
        by_password(login, password, address, agent, now) -> Opened(token, csrf, caller, session)
        by_oidc(identity, address, agent, now) -> Opened          identity from oidc.py
        log_out(caller, now, address="")
    people.accounts
        read(person) -> Person;  find(login) -> Person;  add(NewPerson(…), by, now) -> Person
        list(*, after="", limit=100, text="", role=None, disabled=True) -> list[Person]
        change(person, by, now, *, name=None, lang=None, disabled=None) -> Person
        set_duty(person, on_duty, by, now) -> Person;  list_duty(person, *, limit=100)
        set_grants(person, grants, by, now) -> Person;  grant(person, grant, by, now);  revoke(person, grant, by, now)
        change_password(caller, old, new, by, now)                one's own; ends the other sessions
        reset_password(person, by, now) -> SecretStr              random, shown once, to be changed; ends all sessions
        set_password(person, password, by, now, *, must_change)   chosen by an administrator; ends all sessions
        start_with_admin(now) -> SecretStr | None                 the first start: `admin` with a random password
        list_audit(scope, *, before=None, limit=100, person=None, acts=None, since=None, until=None)

Errors: NotFound for an unknown person, session, token or grant; PersonRefused(field, code) and PasswordRefused for values
that cannot be taken; LogInFailed, OidcFailed(code), TooManyAttempts(retry_after_s) at the door.

A person's rights are those of the moment: nothing is cached, so a grant taken away ends at the next request.
"""
