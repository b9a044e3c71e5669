UPDATE job_timers
SET due_at = %(due_at)s, started_at = %(started_at)s, finished_at = %(finished_at)s, failures = %(failures)s,
    last_error = %(error)s
WHERE name = %(name)s
