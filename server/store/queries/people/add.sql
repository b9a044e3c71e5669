INSERT INTO people (id, login, name, lang, password_hash, password_changed_at, must_change_password, created_at, created_by)
VALUES (%(id)s, %(login)s, %(name)s, %(lang)s, %(password_hash)s,
        CASE WHEN %(password_hash)s::text IS NOT NULL THEN %(at)s::timestamptz END, %(must_change_password)s, %(at)s, %(by)s)
ON CONFLICT (login) DO NOTHING
RETURNING id
