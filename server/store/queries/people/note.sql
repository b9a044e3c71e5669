INSERT INTO audit_log (at, actor, act, person, about, detail, address)
VALUES (%(at)s, %(actor)s, %(act)s, %(person)s, %(about)s, %(detail)s::jsonb, %(address)s)
