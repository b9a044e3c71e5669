"""Accounts, log-in, sessions, tokens: use cases over the port `PeopleStore`, which `server.store.people` implements.

`People(store, terms)` (people.py) holds the parts. Every method takes `now` (aware UTC) and is one transaction; what
changes rights or ends a session is announced on the channel `rw_people` at the commit, payload `{"person": uuid}`.
`By` is who does it: `By(login, address)`. `Caller`, `Scope`, `Grant`, `Right` come from `server.rights`.

    people.sessions
        authenticate(token: str, now) -> Caller | None            a cookie's value; one query, cheap
        csrf_of(token: str) -> str;  csrf_matches(token: str, given: str | None) -> bool
        again(caller, now) -> Caller | None                       for streams: the same caller as of now, None when it ended
        list_of(person: str, now) -> list[SessionShown]           live ones, the newest first
        end(person: str, session: str, by, now) -> None           NotFound
        end_all(person: str, by, now, *, but: str | None = None) -> int
    people.tokens
        authenticate(bearer: str, now) -> Caller | None           the text after "Bearer "; one query
        make(person, label, by, now, *, read_only=False, days=365) -> tuple[TokenShown, SecretStr]
        list_of(person, now) -> list[TokenShown];  revoke(person, token, by, now) -> None
    people.log_in
        by_password(login, password: SecretStr, address, agent, now) -> Opened
                                                                  LogInFailed, TooManyAttempts(retry_after_s)
        by_oidc(identity: Identity, address, agent, now) -> Opened
        Opened(token: SecretStr, csrf: str, caller: Caller, session: str)
        log_out(caller, now, address) -> None
    people.accounts
        add(NewPerson, by, now) -> Person;  read(person) -> Person;  find(login) -> Person;  list(...) -> Page
        change(person, by, now, *, name=None, lang=None, disabled=None) -> Person
        set_duty(person, on_duty, by, now) -> Person
        set_grants(person, grants: Sequence[Grant], by, now) -> Person;  grant(...), revoke(...) one by one
        change_password(caller, old: SecretStr, new: SecretStr, by, now) -> None    ends the other sessions
        reset_password(person, by, now) -> SecretStr              random, shown once; must be changed; ends all sessions
        start_with_admin(now) -> SecretStr | None                 the first start: `admin` with a random password
        list_audit(scope, ...) -> list[AuditRow]
        Person(id, login, name, lang, on_duty, on_duty_since, disabled_at, must_change_password, has_password, oidc,
               created_at, grants: tuple[GrantShown, ...]);  GrantShown(role, place: PlaceName | None, company: CompanyName | None)

Errors: NotFound for an unknown person, session or token; PersonRefused(field, code) and PasswordRefused for values that
cannot be taken; LogInFailed, TooManyAttempts at the door (redwhistle/errors.py).
"""
