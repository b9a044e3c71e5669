-- Work items by urgency: severity, then time to the deadline, then number; closed ones last, the newest first.
SELECT w.id::text, w.number, w.alert::text, a.number AS alert_number, w.exercise, w.grid, g.name_zh AS grid_zh,
       g.name_en AS grid_en, w.site, w.place, w.hazard, w.severity, w.certainty, w.state, w.quiet, w.owner,
       w.lease_until, w.outcome, w.closes_at, w.deadline_at, w.opened_at, w.closed_at, w.closed_by, w.last_at, w.count,
       w.version, p.path
FROM work_items w
LEFT JOIN alerts a ON a.id = w.alert
LEFT JOIN places g ON g.id = w.grid
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', up.id, 'level', up.level, 'name_zh', up.name_zh, 'name_en', up.name_en)
                     ORDER BY up.distance DESC) AS path
    FROM places_above(w.place) up
) p
WHERE (%(numbers)s::bigint[] IS NULL OR w.number = ANY(%(numbers)s::bigint[]))
  AND (%(id)s::uuid IS NULL OR w.id = %(id)s::uuid)
  AND (%(exercise)s::text IS NULL OR w.exercise = %(exercise)s::text)
  AND (%(grid)s::text IS NULL OR w.grid = %(grid)s::text)
  AND (%(at)s::text IS NULL OR w.place IN (SELECT below.id FROM places_below(%(at)s::text) below))
  AND (%(closed)s::boolean OR w.closed_at IS NULL)
ORDER BY w.closed_at IS NOT NULL, w.closed_at DESC, w.severity, w.deadline_at, w.number
LIMIT %(limit)s
