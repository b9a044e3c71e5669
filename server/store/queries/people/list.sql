-- Accounts in order of login. `text` is escaped for LIKE by the caller.
SELECT p.id::text, p.login, p.name, p.lang, p.on_duty, p.on_duty_since, p.must_change_password,
       p.password_hash IS NOT NULL AS has_password, p.oidc_issuer, p.created_at, p.created_by, p.disabled_at,
       grants_shown(p.id) AS grants
FROM people p
WHERE p.login COLLATE "C" > %(after)s
  AND (p.login LIKE %(text)s OR p.name ILIKE %(text)s)
  AND (%(role)s::text IS NULL OR EXISTS (SELECT FROM grants g WHERE g.person = p.id AND g.role = %(role)s::text))
  AND (%(disabled)s OR p.disabled_at IS NULL)
ORDER BY p.login COLLATE "C"
LIMIT %(limit)s
