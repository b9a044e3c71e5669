UPDATE engine_state SET wake_at = %(until)s WHERE site = %(site)s AND exercise = %(exercise)s AND wake_at <= %(now)s
