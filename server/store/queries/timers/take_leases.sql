-- Claims that ran out, or that end further away than a claim can (the clock was set back since).
SELECT id::text, number, alert::text, exercise, grid, site, place, hazard, severity, certainty, state, quiet, owner, lease_until,
       settled_from, outcome, closes_at, deadline_at, opened_at, closed_at, closed_by, last_at, count, version
FROM work_items
WHERE state IN ('claimed', 'on_scene') AND (lease_until <= %(now)s OR lease_until > %(beyond)s)
ORDER BY lease_until
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
