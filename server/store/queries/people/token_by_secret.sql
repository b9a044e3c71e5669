SELECT p.id::text AS person, p.login, p.name, p.lang, grants_of(p.id) AS grants, t.id AS credential,
       t.expires_at AS until, t.read_only, false AS must_change_password, p.on_duty, p.on_duty_since, t.used_at AS seen_at
FROM tokens t JOIN people p ON p.id = t.person
WHERE t.id = %(id)s AND t.secret_sha256 = %(sha256)s AND t.revoked_at IS NULL AND t.expires_at > %(now)s AND p.disabled_at IS NULL
