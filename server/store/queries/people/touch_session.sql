UPDATE sessions SET seen_at = greatest(seen_at, %(now)s) WHERE id = %(id)s::uuid
