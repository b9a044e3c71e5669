SELECT p.id::text AS person, p.login, p.name, p.lang, grants_of(p.id) AS grants, s.id::text AS credential,
       s.expires_at AS until, false AS read_only, p.must_change_password AND s.how = 'password' AS must_change_password,
       p.on_duty, p.on_duty_since, s.seen_at
FROM sessions s JOIN people p ON p.id = s.person
WHERE s.id = %(id)s::uuid AND s.ended_at IS NULL AND s.expires_at > %(now)s AND s.seen_at > %(idle_since)s
  AND p.disabled_at IS NULL
