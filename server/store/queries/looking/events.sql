-- Events in scope in a span of time, the newest first. An event keeps the place that it was stored with. Hashes of access
-- cards stay in the database.
SELECT e.id::text, d.box, d.device, e.kind, e.active, e.test, e.time, e.device_at, e.received_at, e.site, e.place,
       x.exercise, e.data - 'credential' AS data
FROM events e
JOIN devices d ON d.device_key = e.device_key
JOIN exercises x ON x.exercise_key = e.exercise_key
WHERE e.time >= %(start)s AND e.time < %(end)s
  AND (%(device_keys)s::integer[] IS NULL OR e.device_key = ANY (%(device_keys)s::integer[]))
  AND (%(kind)s::text IS NULL OR e.kind = %(kind)s::text)
  AND (%(exercise)s::text IS NULL OR x.exercise = %(exercise)s::text)
  AND (%(at)s::text IS NULL OR e.place IN (SELECT below.id FROM places_below(%(at)s::text) below))
  AND (%(scope_all)s::boolean OR e.place IN (
        SELECT s.id FROM places_in_scope(
            %(scope_all)s::boolean, %(scope_places)s::text[], %(scope_companies)s::text[]) s))
  AND (%(after_time)s::timestamptz IS NULL OR (e.time, e.id) < (%(after_time)s::timestamptz, %(after_id)s::uuid))
ORDER BY e.time DESC, e.id DESC
LIMIT %(limit)s
