INSERT INTO work_items (id, alert, exercise, grid, site, place, hazard, severity, certainty, state, quiet, owner,
    lease_until, settled_from, outcome, closes_at, deadline_at, opened_at, closed_at, closed_by, last_at, count, version)
SELECT id, alert, exercise, grid, site, place, hazard, severity, certainty, state, quiet, owner,
    lease_until, settled_from, outcome, closes_at, deadline_at, opened_at, closed_at, closed_by, last_at, count, version
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    id uuid, alert uuid, exercise text, grid text, site text, place text, hazard text, severity smallint, certainty text,
    state text, quiet text, owner text, lease_until timestamptz, settled_from text, outcome text, closes_at timestamptz,
    deadline_at timestamptz, opened_at timestamptz, closed_at timestamptz, closed_by text, last_at timestamptz,
    count integer, version integer)
