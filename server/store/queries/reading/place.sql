-- One place, with the compound that it lies in (null above compounds) and the nearest time zone.
SELECT p.id, p.level, p.name_zh, p.name_en,
       (SELECT up.id FROM places_above(p.id) up WHERE up.level = 'compound' LIMIT 1) AS site,
       (SELECT z.time_zone FROM places_above(p.id) up JOIN places z ON z.id = up.id
        WHERE z.time_zone IS NOT NULL ORDER BY up.distance LIMIT 1) AS time_zone
FROM places p
WHERE p.id = %(place)s
