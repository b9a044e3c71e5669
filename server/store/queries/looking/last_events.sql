-- The newest real event of each of these devices that is not older than `since`.
SELECT d.device_key, e.kind, e.active, e.test, e.time
FROM unnest(%(device_keys)s::integer[]) AS d (device_key)
CROSS JOIN LATERAL (
    SELECT x.kind, x.active, x.test, x.time FROM events x
    WHERE x.device_key = d.device_key AND x.exercise_key = 0 AND x.time >= %(since)s
    ORDER BY x.time DESC
    LIMIT 1
) e
