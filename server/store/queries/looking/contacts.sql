-- Who answers at the item's place and above it, nearest first: the roles that the tree names, and the people who have them.
WITH way AS (
    SELECT up.distance, up.id, up.level, up.name_zh, up.name_en, z.contact_roles, z.company
    FROM places_above(%(place)s) up
    JOIN places z ON z.id = up.id
), named AS (
    SELECT w.distance, w.id, w.level, w.name_zh, w.name_en, r.role, NULL::text AS login, NULL::text AS name,
           NULL::boolean AS on_duty
    FROM way w
    CROSS JOIN LATERAL unnest(w.contact_roles) AS r (role)
), held AS (
    SELECT w.distance, w.id, w.level, w.name_zh, w.name_en,
           CASE g.role WHEN 'command' THEN 'command_centre' ELSE g.role END AS role, p.login, p.name, p.on_duty
    FROM way w
    JOIN grants g ON (g.role IN ('command', 'grid_worker') AND g.place = w.id)
        OR (g.role = 'property_manager' AND w.level = 'compound' AND g.company = w.company)
    JOIN people p ON p.id = g.person AND p.disabled_at IS NULL
)
SELECT c.role, jsonb_build_object('id', c.id, 'level', c.level, 'name_zh', c.name_zh, 'name_en', c.name_en) AS place,
       c.login, c.name, c.on_duty
FROM (
    SELECT * FROM held
    UNION ALL
    SELECT n.* FROM named n WHERE NOT EXISTS (SELECT FROM held h WHERE (h.id, h.role) = (n.id, n.role))
) c
ORDER BY c.distance, c.role, c.on_duty DESC NULLS LAST, c.login
LIMIT 100
