-- Exits, muster points, hydrants … of a compound and of what is in it.
SELECT x.id, x.kind, x.place, x.name_zh, x.name_en, x.location
FROM points x
WHERE x.place IN (SELECT below.id FROM places_below(%(site)s::text) below)
ORDER BY x.id
LIMIT 1000
