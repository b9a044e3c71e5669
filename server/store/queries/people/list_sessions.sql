SELECT id::text, made_at, seen_at, expires_at, how, address, agent FROM sessions
WHERE person = %(person)s::uuid AND ended_at IS NULL AND expires_at > %(now)s AND seen_at > %(idle_since)s
ORDER BY made_at DESC, id
