INSERT INTO places (id, parent, level, name_zh, name_en, company, time_zone, tags, households, contact_roles, polygon, location)
VALUES (%(id)s, %(parent)s, %(level)s, %(name_zh)s, %(name_en)s, %(company)s, %(time_zone)s, %(tags)s, %(households)s,
    %(contact_roles)s, %(polygon)s, %(location)s)
ON CONFLICT (id) DO UPDATE
SET parent = excluded.parent, level = excluded.level, name_zh = excluded.name_zh, name_en = excluded.name_en,
    company = excluded.company, time_zone = excluded.time_zone, tags = excluded.tags, households = excluded.households,
    contact_roles = excluded.contact_roles, polygon = excluded.polygon, location = excluded.location
