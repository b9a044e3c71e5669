-- Devices in scope by box and name. A device without a place of its own, or with one that is gone, stands at its compound.
SELECT d.device_key, d.box, d.device, d.kind, d.model, d.label, d.place, b.site, d.announced, d.heartbeat_s,
       d.first_seen_at, b.online AS box_online, b.last_seen_at AS box_seen_at, p.path, p.location,
       ARRAY(SELECT a.number FROM alerts a
             WHERE a.closed_at IS NULL AND a.exercise = '' AND a.site = b.site
               AND EXISTS (SELECT FROM alert_log l WHERE l.alert = a.id AND l.device = d.device)
             ORDER BY a.number) AS open_alerts
FROM devices d
JOIN boxes b ON b.box = d.box
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', up.id, 'level', up.level, 'name_zh', up.name_zh, 'name_en', up.name_en)
                     ORDER BY up.distance DESC) AS path,
           (array_agg(z.location ORDER BY up.distance) FILTER (WHERE z.location IS NOT NULL))[1] AS location
    FROM places_above(coalesce(d.place, b.site)) up
    JOIN places z ON z.id = up.id
) p
WHERE (%(box)s::text IS NULL OR d.box = %(box)s::text)
  AND (%(device)s::text IS NULL OR d.device = %(device)s::text)
  AND (%(kind)s::text IS NULL OR d.kind = %(kind)s::text)
  AND (%(at)s::text IS NULL
       OR coalesce(d.place, b.site) IN (SELECT below.id FROM places_below(%(at)s::text) below))
  AND (%(scope_all)s::boolean OR coalesce(d.place, b.site) IN (
        SELECT s.id FROM places_in_scope(
            %(scope_all)s::boolean, %(scope_places)s::text[], %(scope_companies)s::text[]) s))
  AND (%(after_device)s::text IS NULL OR (d.box, d.device) > (%(after_box)s::text, %(after_device)s::text))
ORDER BY d.box, d.device
LIMIT %(limit)s
