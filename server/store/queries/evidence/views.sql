-- Who looked at evidence that is in scope, the newest first.
SELECT v.id, v.evidence::text, v.at, v.person, h.name AS person_name, v.door, v.address,
       v.item::text, w.number AS item_number, a.number AS alert, e.box, e.device, e.site, e.place,
       e.exercise, e.taken_at, p.path
FROM evidence_views v
JOIN evidence e ON e.id = v.evidence
LEFT JOIN people h ON h.login = v.person
LEFT JOIN work_items w ON w.id = v.item
LEFT JOIN alerts a ON a.id = w.alert
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', up.id, 'level', up.level, 'name_zh', up.name_zh, 'name_en', up.name_en)
                     ORDER BY up.distance DESC) AS path
    FROM places_above(e.place) up
) p
WHERE (%(evidence)s::uuid IS NULL OR v.evidence = %(evidence)s::uuid)
  AND (%(person)s::text IS NULL OR v.person = %(person)s::text)
  AND (%(exercise)s::text IS NULL OR e.exercise = %(exercise)s::text)
  AND (%(at)s::text IS NULL OR e.place IN (SELECT below.id FROM places_below(%(at)s::text) below))
  AND (%(after)s::bigint IS NULL OR v.id < %(after)s::bigint)
  AND (%(scope_all)s::boolean OR e.place IN (
        SELECT s.id FROM places_in_scope(
            %(scope_all)s::boolean, %(scope_places)s::text[], %(scope_companies)s::text[]) s))
ORDER BY v.id DESC
LIMIT %(limit)s
