UPDATE work_items SET closes_at = %(until)s WHERE id = %(id)s::uuid AND closes_at <= %(now)s
