-- Buckets made of whole hours: the hour rollup, but for hours in which a note still waits; of those the minutes,
-- and of them again the ones that wait are read raw.
WITH waiting AS MATERIALIZED (
    SELECT DISTINCT p.minute, date_trunc('hour', p.minute) AS hour
    FROM rollup_pending AS p
    WHERE p.minute >= %(start)s AND p.minute < %(end)s AND p.device_keys && %(device_keys)s::integer[]
),
parts AS (
    SELECT h.bucket AS at, h.device_key, h.metric_key, h.n, h.min, h.max, h.sum, h.last
    FROM readings_hour AS h
    WHERE h.device_key = ANY (%(device_keys)s::integer[]) AND h.metric_key = ANY (%(metric_keys)s::smallint[])
        AND h.exercise_key = %(exercise_key)s AND h.bucket >= %(start)s AND h.bucket < %(end)s
        AND h.bucket NOT IN (SELECT hour FROM waiting)
    UNION ALL
    SELECT m.bucket, m.device_key, m.metric_key, m.n, m.min, m.max, m.sum, m.last
    FROM readings_minute AS m
    WHERE m.device_key = ANY (%(device_keys)s::integer[]) AND m.metric_key = ANY (%(metric_keys)s::smallint[])
        AND m.exercise_key = %(exercise_key)s
        AND m.bucket >= (SELECT min(hour) FROM waiting)
        AND m.bucket < (SELECT max(hour) FROM waiting) + interval '1 hour'
        AND date_trunc('hour', m.bucket) IN (SELECT hour FROM waiting)
        AND m.bucket NOT IN (SELECT minute FROM waiting)
    UNION ALL
    SELECT raw.time, raw.device_key, raw.metric_key, 1, raw.value, raw.value, raw.value, raw.value
    FROM waiting AS w
    CROSS JOIN LATERAL (
        SELECT r.time, r.device_key, r.metric_key, r.value
        FROM readings AS r
        WHERE r.device_key = ANY (%(device_keys)s::integer[]) AND r.metric_key = ANY (%(metric_keys)s::smallint[])
            AND r.exercise_key = %(exercise_key)s
            AND r.time >= w.minute AND r.time < w.minute + interval '1 minute'
            AND r.time >= %(start)s AND r.time < %(end)s  -- says no more, but lets the planner leave out chunks
        OFFSET 0  -- minute by minute: a late one must not drag in all the days between it and now
    ) AS raw
)
SELECT date_bin(%(width)s, p.at, %(start)s), p.device_key, p.metric_key,
    sum(p.n)::bigint, min(p.min), max(p.max), sum(p.sum), (array_agg(p.last ORDER BY p.at DESC))[1]
FROM parts AS p
GROUP BY 1, 2, 3
ORDER BY 2, 3, 1
