-- Buckets made of whole minutes: the minute rollup, but for minutes whose note still waits, which are read raw.
WITH waiting AS MATERIALIZED (
    SELECT DISTINCT p.minute
    FROM rollup_pending AS p
    WHERE p.minute >= %(start)s AND p.minute < %(end)s AND p.device_keys && %(device_keys)s::integer[]
),
parts AS (
    SELECT m.bucket AS at, m.device_key, m.metric_key, m.n, m.min, m.max, m.sum, m.last
    FROM readings_minute AS m
    WHERE m.device_key = ANY (%(device_keys)s::integer[]) AND m.metric_key = ANY (%(metric_keys)s::smallint[])
        AND m.exercise_key = %(exercise_key)s AND m.bucket >= %(start)s AND m.bucket < %(end)s
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
