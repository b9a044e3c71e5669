SELECT at, on_duty, by FROM duty_log WHERE person = %(id)s::uuid ORDER BY id DESC LIMIT %(limit)s
