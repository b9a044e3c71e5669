SELECT id::text, number, alert::text, exercise, grid, site, place, hazard, severity, certainty, state, quiet, owner, lease_until,
       settled_from, outcome, closes_at, deadline_at, opened_at, closed_at, closed_by, last_at, count, version
FROM work_items
WHERE id = %(id)s::uuid OR number = %(number)s::bigint
FOR UPDATE
