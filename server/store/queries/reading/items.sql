-- Work items in scope by urgency: severity, then time to the deadline, then number; closed ones last, the newest first.
-- A page begins after the keys of the last row of the page before. Paths are looked up for the page's rows only.
WITH page AS MATERIALIZED (
    SELECT w.*
    FROM work_items w
    WHERE (%(numbers)s::bigint[] IS NULL OR w.number = ANY(%(numbers)s::bigint[]))
      AND (%(id)s::uuid IS NULL OR w.id = %(id)s::uuid)
      AND (%(exercise)s::text IS NULL OR w.exercise = %(exercise)s::text)
      AND (%(grid)s::text IS NULL OR w.grid = %(grid)s::text)
      AND (%(owner)s::text IS NULL OR w.owner = %(owner)s::text)
      AND (%(at)s::text IS NULL OR w.place IN (SELECT below.id FROM places_below(%(at)s::text) below))
      AND (%(closed)s::boolean OR w.closed_at IS NULL)
      AND (%(scope_all)s::boolean OR w.place IN (
            SELECT s.id FROM places_in_scope(
                %(scope_all)s::boolean, %(scope_places)s::text[], %(scope_companies)s::text[]) s))
      AND (%(after_number)s::bigint IS NULL
           OR (%(after_closed_at)s::timestamptz IS NULL AND w.closed_at IS NOT NULL)
           OR w.closed_at < %(after_closed_at)s::timestamptz
           OR (w.closed_at IS NOT DISTINCT FROM %(after_closed_at)s::timestamptz
               AND (w.severity, w.deadline_at, w.number)
                   > (%(after_severity)s::smallint, %(after_deadline_at)s::timestamptz, %(after_number)s::bigint)))
    ORDER BY w.closed_at IS NOT NULL, w.closed_at DESC, w.severity, w.deadline_at, w.number
    LIMIT %(limit)s
)
SELECT w.id::text, w.number, w.alert::text, a.number AS alert_number, w.exercise, w.grid, g.name_zh AS grid_zh,
       g.name_en AS grid_en, w.site, w.place, w.hazard, w.severity, w.certainty, w.state, w.quiet, w.owner,
       o.name AS owner_name, w.lease_until, w.outcome, w.closes_at, w.deadline_at, w.opened_at, w.closed_at, w.closed_by,
       w.last_at, w.count, w.version, w.mark, w.evidence, p.path, p.location
FROM page w
LEFT JOIN alerts a ON a.id = w.alert
LEFT JOIN places g ON g.id = w.grid
LEFT JOIN people o ON o.login = w.owner
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', up.id, 'level', up.level, 'name_zh', up.name_zh, 'name_en', up.name_en)
                     ORDER BY up.distance DESC) AS path,
           (array_agg(z.location ORDER BY up.distance) FILTER (WHERE z.location IS NOT NULL))[1] AS location
    FROM places_above(w.place) up
    JOIN places z ON z.id = up.id
) p
ORDER BY w.closed_at IS NOT NULL, w.closed_at DESC, w.severity, w.deadline_at, w.number
