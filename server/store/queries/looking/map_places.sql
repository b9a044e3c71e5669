-- Places with an outline, in scope, at a place and below.
SELECT z.id, z.level, z.parent, z.name_zh, z.name_en, z.polygon AS coordinates
FROM places z
WHERE z.polygon IS NOT NULL
  AND (%(at)s::text IS NULL OR z.id IN (SELECT below.id FROM places_below(%(at)s::text) below))
  AND (%(scope_all)s::boolean OR z.id IN (
        SELECT s.id FROM places_in_scope(
            %(scope_all)s::boolean, %(scope_places)s::text[], %(scope_companies)s::text[]) s))
ORDER BY z.id
LIMIT %(limit)s
