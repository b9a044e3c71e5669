-- Boxes in scope by site and name; `at` a place below a compound means the boxes of that compound.
SELECT b.box, b.site, s.name_zh AS site_zh, s.name_en AS site_en, b.registered, b.online, b.offline_reason, b.epoch,
       b.epoch_since, b.boot, b.version, b.os, b.clock_synced, b.clock_offset_ms, b.twin_seen_at, b.last_seen_at,
       b.state_at, b.first_seen_at, (SELECT count(*) FROM devices d WHERE d.box = b.box) AS devices, p.path
FROM boxes b
LEFT JOIN places s ON s.id = b.site
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', up.id, 'level', up.level, 'name_zh', up.name_zh, 'name_en', up.name_en)
                     ORDER BY up.distance DESC) AS path
    FROM places_above(b.site) up
) p
WHERE (%(box)s::text IS NULL OR b.box = %(box)s::text)
  AND (%(at)s::text IS NULL OR b.site IN (SELECT below.id FROM places_below(%(at)s::text) below)
       OR b.site = (SELECT up.id FROM places_above(%(at)s::text) up WHERE up.level = 'compound' LIMIT 1))
  AND (%(scope_all)s::boolean OR b.site IN (
        SELECT s.id FROM places_in_scope(
            %(scope_all)s::boolean, %(scope_places)s::text[], %(scope_companies)s::text[]) s))
  AND (%(after_box)s::text IS NULL OR (b.site, b.box) > (%(after_site)s::text, %(after_box)s::text))
ORDER BY b.site, b.box
LIMIT %(limit)s
