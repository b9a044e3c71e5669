UPDATE boxes SET twin_seen_at = %(now)s WHERE box = ANY (%(boxes)s)
