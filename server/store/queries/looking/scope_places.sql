-- Where a scope begins: the granted places, the compounds of the companies, or the tops of the tree.
SELECT z.id, z.level, z.name_zh, z.name_en,
       (SELECT jsonb_agg(jsonb_build_object('id', up.id, 'level', up.level, 'name_zh', up.name_zh, 'name_en', up.name_en)
                         ORDER BY up.distance DESC) FROM places_above(z.id) up) AS path
FROM places z
WHERE (%(scope_all)s::boolean AND z.parent IS NULL)
   OR z.id = ANY (%(scope_places)s::text[])
   OR (z.level = 'compound' AND z.company = ANY (%(scope_companies)s::text[]))
ORDER BY z.id
LIMIT 1000
