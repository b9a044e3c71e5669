SELECT id::text, site, exercise, hazard, severity, certainty, place, rule, pack_hash, device, first_item, happened_at,
       raised_at, last_at, condition_ended_at, late_ms, count, quiet, quiet_by, closed_at
FROM alerts
WHERE id = ANY(%(alerts)s::uuid[])
ORDER BY id
FOR UPDATE
