-- Outlines around a place: its compound and what is in it, and its grid.
SELECT z.id, z.level, z.name_zh, z.name_en, z.polygon AS coordinates
FROM places z
WHERE z.polygon IS NOT NULL
  AND (z.id IN (SELECT below.id FROM places_below(%(site)s::text) below)
       OR z.id IN (SELECT up.id FROM places_above(%(site)s::text) up WHERE up.level = 'grid'))
ORDER BY z.id
LIMIT 500
