UPDATE work_items w
SET hazard = r.hazard, severity = r.severity, certainty = r.certainty, state = r.state, quiet = r.quiet, owner = r.owner,
    lease_until = r.lease_until, settled_from = r.settled_from, outcome = r.outcome, closes_at = r.closes_at,
    deadline_at = r.deadline_at, closed_at = r.closed_at, closed_by = r.closed_by, last_at = r.last_at,
    count = r.count, version = r.version
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    id uuid, hazard text, severity smallint, certainty text, state text, quiet text, owner text, lease_until timestamptz,
    settled_from text, outcome text, closes_at timestamptz, deadline_at timestamptz, closed_at timestamptz,
    closed_by text, last_at timestamptz, count integer, version integer)
WHERE w.id = r.id
