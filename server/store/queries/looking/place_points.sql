SELECT x.id, x.kind, x.place, x.name_zh, x.name_en, x.location
FROM points x
WHERE x.place = %(place)s::text
ORDER BY x.id
