-- Whole minutes are computed anew from what is stored: the same minute twice gives the same rows.
INSERT INTO readings_minute (bucket, device_key, metric_key, exercise_key, n, min, max, sum, last)
SELECT %(minute)s, r.device_key, r.metric_key, r.exercise_key,
    count(*), min(r.value), max(r.value), sum(r.value), (array_agg(r.value ORDER BY r.time DESC))[1]
FROM readings AS r
WHERE r.device_key = ANY (%(device_keys)s) AND r.time >= %(minute)s AND r.time < %(minute)s + interval '1 minute'
GROUP BY r.device_key, r.metric_key, r.exercise_key
ORDER BY r.device_key, r.metric_key, r.exercise_key
ON CONFLICT (device_key, metric_key, exercise_key, bucket) DO UPDATE
SET n = excluded.n, min = excluded.min, max = excluded.max, sum = excluded.sum, last = excluded.last
RETURNING device_key, metric_key, exercise_key
