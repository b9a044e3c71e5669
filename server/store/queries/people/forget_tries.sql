DELETE FROM login_attempts
WHERE id = %(id)s::uuid OR key = ANY (%(keys)s::text[]) OR at < %(before)s
