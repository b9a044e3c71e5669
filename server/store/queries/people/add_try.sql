INSERT INTO login_attempts (id, key, at) SELECT %(id)s, wanted.key, %(now)s FROM unnest(%(keys)s::text[]) AS wanted (key)
