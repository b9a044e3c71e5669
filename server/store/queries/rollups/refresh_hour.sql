-- Each series by its whole key: without the metric an index scan would read all the minutes a device ever had.
INSERT INTO readings_hour (bucket, device_key, metric_key, exercise_key, n, min, max, sum, last)
SELECT %(hour)s, s.device_key, s.metric_key, s.exercise_key, h.n, h.min, h.max, h.sum, h.last
FROM unnest(%(device_keys)s::integer[], %(metric_keys)s::smallint[], %(exercise_keys)s::integer[])
    AS s (device_key, metric_key, exercise_key)
CROSS JOIN LATERAL (
    SELECT sum(m.n) AS n, min(m.min) AS min, max(m.max) AS max, sum(m.sum) AS sum,
        (array_agg(m.last ORDER BY m.bucket DESC))[1] AS last
    FROM readings_minute AS m
    WHERE m.device_key = s.device_key AND m.metric_key = s.metric_key AND m.exercise_key = s.exercise_key
        AND m.bucket >= %(hour)s AND m.bucket < %(hour)s + interval '1 hour'
) AS h
ORDER BY s.device_key, s.metric_key, s.exercise_key
ON CONFLICT (device_key, metric_key, exercise_key, bucket) DO UPDATE
SET n = excluded.n, min = excluded.min, max = excluded.max, sum = excluded.sum, last = excluded.last
