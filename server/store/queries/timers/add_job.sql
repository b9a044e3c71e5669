INSERT INTO job_timers (name, due_at) VALUES (%(name)s, %(now)s) ON CONFLICT DO NOTHING
