-- Engine states that asked to be woken; locked, so that no other dispatcher takes them before this one commits.
SELECT site, exercise, wake_at, pack_hash
FROM engine_state
WHERE wake_at <= %(now)s
ORDER BY wake_at
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
