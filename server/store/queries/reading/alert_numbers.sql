SELECT id::text, number FROM alerts WHERE id = ANY(%(ids)s::uuid[])
