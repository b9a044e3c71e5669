SELECT id::text AS person, login, password_hash, disabled_at IS NOT NULL AS disabled FROM people WHERE login = %(login)s
FOR UPDATE
