SELECT b.box, b.site, s.name_zh AS site_zh, s.name_en AS site_en, b.registered, b.online, b.offline_reason, b.epoch,
       b.epoch_since, b.boot, b.version, b.os, b.clock_synced, b.clock_offset_ms, b.twin_seen_at, b.last_seen_at,
       b.state_at, b.first_seen_at, (SELECT count(*) FROM devices d WHERE d.box = b.box) AS devices
FROM boxes b
LEFT JOIN places s ON s.id = b.site
WHERE (%(box)s::text IS NULL OR b.box = %(box)s::text)
  AND (%(at)s::text IS NULL OR b.site IN (SELECT below.id FROM places_below(%(at)s::text) below)
       OR b.site = (SELECT up.id FROM places_above(%(at)s::text) up WHERE up.level = 'compound' LIMIT 1))
ORDER BY b.site, b.box
