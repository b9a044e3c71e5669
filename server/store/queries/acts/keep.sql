INSERT INTO acts_done (key, person, item, act, digest, status, body, noted, at)
VALUES (%(key)s::uuid, %(person)s::uuid, %(item)s::uuid, %(act)s, %(digest)s, %(status)s, %(body)s, %(noted)s, %(at)s)
ON CONFLICT (key) DO UPDATE SET noted = excluded.noted
