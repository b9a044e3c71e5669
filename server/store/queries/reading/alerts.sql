SELECT a.id::text, a.number, a.site, a.exercise, a.hazard, a.severity, a.certainty, a.place, a.rule, a.pack_hash,
       k.name AS pack, a.device, a.first_item, a.happened_at, a.raised_at, a.last_at, a.condition_ended_at, a.late_ms,
       a.count, a.quiet, a.quiet_by, a.closed_at, w.number AS item_number, w.state AS item_state, w.owner AS item_owner,
       w.grid, p.path
FROM alerts a
JOIN rule_packs k ON k.hash = a.pack_hash
LEFT JOIN work_items w ON w.alert = a.id
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', up.id, 'level', up.level, 'name_zh', up.name_zh, 'name_en', up.name_en)
                     ORDER BY up.distance DESC) AS path
    FROM places_above(a.place) up
) p
WHERE (%(number)s::bigint IS NULL OR a.number = %(number)s::bigint)
  AND (%(id)s::uuid IS NULL OR a.id = %(id)s::uuid)
  AND (%(exercise)s::text IS NULL OR a.exercise = %(exercise)s::text)
  AND (%(at)s::text IS NULL OR a.place IN (SELECT below.id FROM places_below(%(at)s::text) below))
  AND (%(closed)s::boolean OR a.closed_at IS NULL)
ORDER BY a.raised_at DESC, a.number DESC
LIMIT %(limit)s
