INSERT INTO tokens (id, secret_sha256, person, label, read_only, made_at, made_by, expires_at)
VALUES (%(id)s, %(secret_sha256)s, %(person)s, %(label)s, %(read_only)s, %(at)s, %(by)s, %(expires_at)s)
