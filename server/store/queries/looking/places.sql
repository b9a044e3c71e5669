-- Places in scope, from the top of the tree down, then by id. `rank` is the level's depth.
SELECT z.id, z.level, z.name_zh, z.name_en, z.parent, z.company, z.tags, z.households, z.contact_roles, z.time_zone,
       z.location, l.rank, (SELECT count(*) FROM places c WHERE c.parent = z.id) AS children
FROM places z
JOIN unnest(%(levels)s::text[]) WITH ORDINALITY AS l (level, rank) ON l.level = z.level
WHERE (%(id)s::text IS NULL OR z.id = %(id)s::text)
  AND (%(parent)s::text IS NULL OR z.parent = %(parent)s::text)
  AND (%(level)s::text IS NULL OR z.level = %(level)s::text)
  AND (%(at)s::text IS NULL OR z.id IN (SELECT below.id FROM places_below(%(at)s::text) below))
  AND (%(text)s::text IS NULL
       OR strpos(lower(concat_ws(' ', z.id, z.name_zh, z.name_en)), lower(%(text)s::text)) > 0)
  AND (%(scope_all)s::boolean OR z.id IN (
        SELECT s.id FROM places_in_scope(
            %(scope_all)s::boolean, %(scope_places)s::text[], %(scope_companies)s::text[]) s))
  AND (%(after_id)s::text IS NULL OR (l.rank, z.id) > (%(after_rank)s::bigint, %(after_id)s::text))
ORDER BY l.rank, z.id
LIMIT %(limit)s
