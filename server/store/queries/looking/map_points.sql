SELECT x.id, x.kind, x.place AS parent, x.name_zh, x.name_en, x.location AS coordinates
FROM points x
WHERE (%(at)s::text IS NULL OR x.place IN (SELECT below.id FROM places_below(%(at)s::text) below))
  AND (%(scope_all)s::boolean OR x.place IN (
        SELECT s.id FROM places_in_scope(
            %(scope_all)s::boolean, %(scope_places)s::text[], %(scope_companies)s::text[]) s))
ORDER BY x.id
LIMIT %(limit)s
