INSERT INTO companies (id, name_zh, name_en, red)
VALUES (%(id)s, %(name_zh)s, %(name_en)s, %(red)s)
ON CONFLICT (id) DO UPDATE
SET name_zh = excluded.name_zh, name_en = excluded.name_en, red = excluded.red
