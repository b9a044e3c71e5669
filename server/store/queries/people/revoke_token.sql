UPDATE tokens t SET revoked_at = %(now)s, revoked_by = %(by)s
FROM people p
WHERE p.id = t.person AND t.id = %(id)s AND (%(person)s::uuid IS NULL OR t.person = %(person)s::uuid)
  AND t.revoked_at IS NULL AND t.expires_at > %(now)s
RETURNING t.id, t.person::text, p.login, t.label, t.read_only, t.made_at, t.made_by, t.expires_at, t.used_at, t.revoked_at
