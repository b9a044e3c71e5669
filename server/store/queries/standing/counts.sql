SELECT
    count(*) FILTER (WHERE p.hole_since < now() - interval '1 minute')::integer,
    coalesce(extract(epoch FROM now() - min(p.hole_since)), 0)::double precision,
    least(coalesce(sum((SELECT sum(upper(r) - lower(r)) FROM unnest(p.dropped) AS r)), 0), 9223372036854775807)::bigint,
    (SELECT count(*) FROM quarantine WHERE settled_at IS NULL)::integer,
    (SELECT count(*) FROM boxes WHERE NOT online)::integer
FROM box_progress AS p
