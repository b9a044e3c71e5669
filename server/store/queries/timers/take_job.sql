-- Due, or further away than its period (the clock was set back since).
SELECT name, failures
FROM job_timers
WHERE name = %(name)s AND (due_at <= %(now)s OR due_at > %(beyond)s)
FOR UPDATE SKIP LOCKED
