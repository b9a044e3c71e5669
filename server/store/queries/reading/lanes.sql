-- Each lane of each outbox file: how far it is stored without a hole, the holes, and what the box declared dropped.
SELECT q.box, q.epoch, q.lane, q.epoch = b.epoch AS current,
       CASE WHEN lower(q.received) = 1 THEN upper(range_of.first) - 1 ELSE 0 END AS stored_up_to,
       coalesce(upper(q.received) - 1, 0) AS highest,
       holes.ranges AS holes, holes.missing, dropped.n AS dropped, q.quarantined, q.duplicates, q.hole_since, q.first_at,
       q.last_at
FROM box_progress q
JOIN boxes b ON b.box = q.box
LEFT JOIN LATERAL (
    SELECT r AS first FROM unnest(q.received) r ORDER BY lower(r) LIMIT 1
) range_of ON true
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_array(lower(h), upper(h) - 1) ORDER BY lower(h)), '[]') AS ranges,
           coalesce(sum(upper(h) - lower(h)), 0)::bigint AS missing
    FROM unnest(CASE WHEN isempty(q.received) THEN int8multirange()
                     ELSE int8multirange(int8range(1, upper(q.received))) - q.received END) h
) holes
CROSS JOIN LATERAL (
    SELECT coalesce(sum(upper(d) - lower(d)), 0)::bigint AS n FROM unnest(q.dropped) d
) dropped
WHERE q.box = ANY(%(boxes)s::text[])
ORDER BY q.box, (q.epoch = b.epoch) DESC NULLS LAST, q.last_at DESC, q.lane
