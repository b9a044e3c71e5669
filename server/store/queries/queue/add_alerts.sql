INSERT INTO alerts (id, site, exercise, hazard, severity, certainty, place, rule, pack_hash, device, first_item, happened_at,
    raised_at, last_at, condition_ended_at, late_ms, count, quiet, quiet_by, closed_at)
SELECT id, site, exercise, hazard, severity, certainty, place, rule, pack_hash, device, first_item, happened_at,
    raised_at, last_at, condition_ended_at, late_ms, count, quiet, quiet_by, closed_at
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    id uuid, site text, exercise text, hazard text, severity smallint, certainty text, place text, rule text,
    pack_hash text, device text, first_item text, happened_at timestamptz, raised_at timestamptz, last_at timestamptz,
    condition_ended_at timestamptz, late_ms bigint, count integer, quiet text, quiet_by text, closed_at timestamptz)
