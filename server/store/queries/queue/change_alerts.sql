UPDATE alerts a
SET hazard = r.hazard, severity = r.severity, certainty = r.certainty, last_at = r.last_at,
    condition_ended_at = r.condition_ended_at, count = r.count, quiet = r.quiet, quiet_by = r.quiet_by,
    closed_at = r.closed_at
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    id uuid, hazard text, severity smallint, certainty text, last_at timestamptz, condition_ended_at timestamptz,
    count integer, quiet text, quiet_by text, closed_at timestamptz)
WHERE a.id = r.id
