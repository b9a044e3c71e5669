-- Which metrics a device has is found by jumping from one to the next in the index (device, metric, time), instead of
-- reading all its rows; then the newest row of each.
WITH RECURSIVE series AS (
    SELECT d.device_key, first.metric_key
    FROM unnest(%(device_keys)s::integer[]) AS d (device_key)
    CROSS JOIN LATERAL (
        SELECT r.metric_key FROM readings AS r
        WHERE r.device_key = d.device_key AND r.exercise_key = %(exercise_key)s AND r.time >= %(since)s
        ORDER BY r.metric_key
        LIMIT 1
    ) AS first
    UNION ALL
    SELECT s.device_key, next.metric_key
    FROM series AS s
    CROSS JOIN LATERAL (
        SELECT r.metric_key FROM readings AS r
        WHERE r.device_key = s.device_key AND r.metric_key > s.metric_key
            AND r.exercise_key = %(exercise_key)s AND r.time >= %(since)s
        ORDER BY r.metric_key
        LIMIT 1
    ) AS next
)
SELECT s.device_key, s.metric_key, newest.time, newest.value
FROM series AS s
CROSS JOIN LATERAL (
    SELECT r.time, r.value FROM readings AS r
    WHERE r.device_key = s.device_key AND r.metric_key = s.metric_key
        AND r.exercise_key = %(exercise_key)s AND r.time >= %(since)s
    ORDER BY r.time DESC
    LIMIT 1
) AS newest
ORDER BY 1, 2
