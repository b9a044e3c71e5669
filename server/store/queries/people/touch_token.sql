UPDATE tokens SET used_at = greatest(used_at, %(now)s) WHERE id = %(id)s
