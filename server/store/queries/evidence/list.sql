-- Evidence in scope, the newest first, without the pictures. `kept`: the picture can be looked at now.
SELECT e.id::text, e.box, e.device, e.event::text, e.site, e.place, e.exercise, e.taken_at, e.device_at, e.received_at,
       e.expires_at, e.width_px, e.height_px, e.people_blurred, e.method, e.jpeg_bytes AS bytes, e.sha256, e.removed_at,
       e.removed_why, e.jpeg IS NOT NULL AND e.expires_at > %(now)s AS kept,
       t.alert, t.item, coalesce(t.alerts, '[]') AS alerts, coalesce(t.items, '[]') AS items, v.views, p.path
FROM evidence e
CROSS JOIN LATERAL (
    SELECT (array_agg(a.id::text ORDER BY a.number DESC))[1] AS alert,
           (array_agg(w.id::text ORDER BY a.number DESC))[1] AS item,
           jsonb_agg(jsonb_build_object('id', a.id, 'number', a.number) ORDER BY a.number) AS alerts,
           jsonb_agg(jsonb_build_object('id', w.id, 'number', w.number) ORDER BY w.number)
               FILTER (WHERE w.id IS NOT NULL) AS items
    FROM evidence_alerts l
    JOIN alerts a ON a.id = l.alert
    LEFT JOIN work_items w ON w.alert = a.id
    WHERE l.evidence = e.id
) t
CROSS JOIN LATERAL (SELECT count(*) AS views FROM evidence_views s WHERE s.evidence = e.id) v
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', up.id, 'level', up.level, 'name_zh', up.name_zh, 'name_en', up.name_en)
                     ORDER BY up.distance DESC) AS path
    FROM places_above(e.place) up
) p
WHERE (%(id)s::uuid IS NULL OR e.id = %(id)s::uuid)
  AND (%(exercise)s::text IS NULL OR e.exercise = %(exercise)s::text)
  AND (%(at)s::text IS NULL OR e.place IN (SELECT below.id FROM places_below(%(at)s::text) below))
  AND (%(alert)s::uuid IS NULL OR EXISTS (
        SELECT FROM evidence_alerts l WHERE l.evidence = e.id AND l.alert = %(alert)s::uuid))
  AND (%(item)s::uuid IS NULL OR EXISTS (
        SELECT FROM evidence_alerts l JOIN work_items w ON w.alert = l.alert
        WHERE l.evidence = e.id AND w.id = %(item)s::uuid))
  AND (%(after_at)s::timestamptz IS NULL OR (e.received_at, e.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
  AND (%(scope_all)s::boolean OR e.place IN (
        SELECT s.id FROM places_in_scope(
            %(scope_all)s::boolean, %(scope_places)s::text[], %(scope_companies)s::text[]) s))
ORDER BY e.received_at DESC, e.id DESC
LIMIT %(limit)s
