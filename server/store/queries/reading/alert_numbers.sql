SELECT id::text, number
FROM alerts
WHERE id = ANY(%(ids)s::uuid[])
  AND (%(scope_all)s::boolean OR place IN (
        SELECT s.id FROM places_in_scope(
            %(scope_all)s::boolean, %(scope_places)s::text[], %(scope_companies)s::text[]) s))
