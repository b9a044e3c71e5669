SELECT FROM people WHERE id = %(id)s::uuid FOR UPDATE
