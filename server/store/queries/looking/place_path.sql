SELECT up.id, up.level, up.name_zh, up.name_en
FROM places_above(%(place)s::text) up
ORDER BY up.distance DESC
