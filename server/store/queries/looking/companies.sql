-- Companies that serve a compound in scope.
SELECT c.id, c.name_zh, c.name_en, c.red
FROM companies c
WHERE %(scope_all)s::boolean OR c.id IN (
    SELECT z.company FROM places z
    JOIN places_in_scope(%(scope_all)s::boolean, %(scope_places)s::text[], %(scope_companies)s::text[]) s ON s.id = z.id)
ORDER BY c.id
