INSERT INTO points (id, place, kind, name_zh, name_en, location)
VALUES (%(id)s, %(place)s, %(kind)s, %(name_zh)s, %(name_en)s, %(location)s)
ON CONFLICT (id) DO UPDATE
SET place = excluded.place, kind = excluded.kind, name_zh = excluded.name_zh, name_en = excluded.name_en,
    location = excluded.location
