-- Whether a place is in scope.
SELECT z.id
FROM places z
WHERE z.id = %(place)s::text
  AND (%(scope_all)s::boolean OR z.id IN (
        SELECT s.id FROM places_in_scope(
            %(scope_all)s::boolean, %(scope_places)s::text[], %(scope_companies)s::text[]) s))
