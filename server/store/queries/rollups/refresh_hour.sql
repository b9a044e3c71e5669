INSERT INTO readings_hour (bucket, device_key, metric_key, exercise_key, n, min, max, sum, last)
SELECT %(hour)s, m.device_key, m.metric_key, m.exercise_key,
    sum(m.n), min(m.min), max(m.max), sum(m.sum), (array_agg(m.last ORDER BY m.bucket DESC))[1]
FROM readings_minute AS m
WHERE m.device_key = ANY (%(device_keys)s) AND m.bucket >= %(hour)s AND m.bucket < %(hour)s + interval '1 hour'
GROUP BY m.device_key, m.metric_key, m.exercise_key
ORDER BY m.device_key, m.metric_key, m.exercise_key
ON CONFLICT (device_key, metric_key, exercise_key, bucket) DO UPDATE
SET n = excluded.n, min = excluded.min, max = excluded.max, sum = excluded.sum, last = excluded.last
