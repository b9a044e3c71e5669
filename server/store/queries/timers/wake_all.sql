-- What somebody else holds is in use: its next item mends it. SKIP LOCKED, so that no alarm's lock is waited for.
UPDATE engine_state AS s SET wake_at = %(now)s
FROM (
    SELECT site, exercise FROM engine_state WHERE wake_at > %(now)s FOR UPDATE SKIP LOCKED
) AS later
WHERE (s.site, s.exercise) = (later.site, later.exercise)
