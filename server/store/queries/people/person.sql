-- One account by id or login.
SELECT p.id::text, p.login, p.name, p.lang, p.on_duty, p.on_duty_since, p.must_change_password,
       p.password_hash IS NOT NULL AS has_password, p.oidc_issuer, p.created_at, p.created_by, p.disabled_at,
       grants_shown(p.id) AS grants
FROM people p
WHERE p.id = %(id)s::uuid OR p.login = %(login)s
