INSERT INTO sessions (id, token_sha256, person, made_at, seen_at, expires_at, how, address, agent)
VALUES (%(id)s, %(token_sha256)s, %(person)s, %(at)s, %(at)s, %(expires_at)s, %(how)s, %(address)s, %(agent)s)
