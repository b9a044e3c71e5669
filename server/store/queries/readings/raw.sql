-- Buckets of less than a minute: no rollup is that fine.
SELECT date_bin(%(width)s, r.time, %(start)s), r.device_key, r.metric_key,
    count(*), min(r.value), max(r.value), sum(r.value), (array_agg(r.value ORDER BY r.time DESC))[1]
FROM readings AS r
WHERE r.device_key = ANY (%(device_keys)s::integer[]) AND r.metric_key = ANY (%(metric_keys)s::smallint[])
    AND r.exercise_key = %(exercise_key)s AND r.time >= %(start)s AND r.time < %(end)s
GROUP BY 1, 2, 3
ORDER BY 2, 3, 1
