SELECT t.id, t.person::text, p.login, t.label, t.read_only, t.made_at, t.made_by, t.expires_at, t.used_at, t.revoked_at
FROM tokens t JOIN people p ON p.id = t.person
WHERE (%(person)s::uuid IS NULL OR t.person = %(person)s::uuid)
  AND (%(ended)s OR (t.revoked_at IS NULL AND t.expires_at > %(now)s))
ORDER BY t.made_at DESC, t.id
