UPDATE sessions SET ended_at = %(now)s, ended_by = %(by)s
WHERE person = %(person)s::uuid AND ended_at IS NULL AND expires_at > %(now)s
  AND (%(only)s::uuid IS NULL OR id = %(only)s::uuid)
  AND (%(but)s::uuid IS NULL OR id <> %(but)s::uuid)
