INSERT INTO acts_done (key, person, item, act, digest, status, body, at)
VALUES (%(key)s::uuid, %(person)s::uuid, %(item)s::uuid, %(act)s, %(digest)s, %(status)s, %(body)s, %(at)s)
