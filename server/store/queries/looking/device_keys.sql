-- The row keys of devices, as far as they are in scope.
SELECT d.device_key, d.box, d.device
FROM unnest(%(boxes)s::text[], %(devices)s::text[]) AS asked (box, device)
JOIN devices d ON (d.box, d.device) = (asked.box, asked.device)
JOIN boxes b ON b.box = d.box
WHERE %(scope_all)s::boolean OR coalesce(d.place, b.site) IN (
    SELECT s.id FROM places_in_scope(
        %(scope_all)s::boolean, %(scope_places)s::text[], %(scope_companies)s::text[]) s)
