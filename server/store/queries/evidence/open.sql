-- The picture itself, in scope; locked, so that it is not removed between the record of the view and the look.
SELECT e.id::text, e.jpeg, e.expires_at, e.removed_at
FROM evidence e
WHERE e.id = %(id)s::uuid
  AND (%(scope_all)s::boolean OR e.place IN (
        SELECT s.id FROM places_in_scope(
            %(scope_all)s::boolean, %(scope_places)s::text[], %(scope_companies)s::text[]) s))
FOR SHARE OF e
